// Package docstest holds a module's README.md against its declaration, so
// that the text cannot drift from the code. A module's test calls [Check]; a
// test that sees the whole server starts what [Routes] returns.
//
// What a README must have, in this order, with other sections anywhere
// between:
//
//	# NAME
//	## Needs                    each needed module in backticks
//	## Parameters               | Name | Type | Default | Meaning |
//	## Functions                ### name(a, b [, c])      | Code | Meaning |
//	## Commands                 ### module:command        aliases, parameters in backticks
//	## Statistics               | Name | Kind | Meaning |
//	## Events                   ### E_NAME                fields in backticks
//	## Pseudo-variables         `pv.name`; only when there are any
//	## Example                  ```lua route
//	## Differences from OpenSIPS
//
// A section about nothing says "None." The types of parameters are string,
// integer, seconds, milliseconds and 0 or 1; an empty default is written as
// nothing or as the word empty. The kinds of statistics are counter, gauge and
// function; a family that ends in -FLOW or -AGENT may be written -F or -A.
package docstest
