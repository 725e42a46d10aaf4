package core

import "time"

// Callback is a function of the route script that a module calls later: a
// policy, say. The script hands it over once, at the top level of the file, by
// calling Name with it:
//
//	cc.policy(function(view) ... end)
type Callback struct {
	Name string // "table.function", as the script writes it
	Args string // what the function is given, for documentation: "view"
	Doc  string
	// Set takes the function over, after Init and before Start. It is not
	// called when the script has none.
	Set func(Function)
}

// Function is a function of the route script in a script state of its own, so
// that it may remember things from call to call. It is safe for concurrent use;
// calls wait for each other.
type Function interface {
	// Call runs the function in the goroutine of the caller, for limit at most.
	// An argument is a string, an int, a float64, a bool or an [Object]. The
	// error names the place in the route file. After a limit was hit, the next
	// call finds a fresh state, which remembers nothing.
	Call(limit time.Duration, args ...any) error
}

// Object is a Go value that a [Function] is given as an object of the script's
// language. It is good until Call returns.
type Object struct {
	Class *Class
	// Self is the value behind it, and must be comparable: one value is the
	// same object in one call.
	Self any
}

// Class says what a script can do with objects of one sort: read their fields
// and call their methods.
type Class struct {
	Name    string // as errors name it: "call"
	Fields  []Field
	Methods []Method
}

// Field is read as object.name.
type Field struct {
	Name string
	Doc  string
	// Get returns nil, a string, an int, a float64, a bool, a []string or an
	// [Object].
	Get func(self any) any
}

// Method is called as object:name(...).
type Method struct {
	Name string
	Args []Arg
	Doc  string
	// Call returns values of the kinds that [Field] has, or an [Iterator]. Its
	// error becomes one of the script, with the place of the call. It works in
	// the time of the script, so it must not wait.
	Call func(self any, a Args) ([]any, error)
}

// Iterator is what a script loops over: for x in object:method() do. It returns
// the values of the next turn, nil at the end.
type Iterator func() []any
