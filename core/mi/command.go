package mi

import "fmt"

// Command is one management command. A command answers under its canonical
// name ("call_center:list_queue"), its aliases ("cc_list_queue") and, where
// no other module has the same, its local name ("list_queue").
type Command struct {
	Name    string   // canonical: module:command
	Aliases []string // flat names that clients in the field use
	Recipes []Recipe // accepted parameter lists; none means no parameters
	Named   bool     // parameters are taken by name only
	Effect  Effect   // whether it changes anything
	Doc     string   // one line, for help
	// Call does the work and returns what [json.Marshal] can write; nil
	// stands for "OK". It may run many times at once, and must bound its own
	// time.
	Call func(Params) (any, error)
}

// Effect says whether a command changes anything. What does is told to
// [Registry.OnChange] and refused by [Registry.HandleReads].
type Effect int

// The effects. A command that does not say changes something.
const (
	Changes   Effect = iota
	Reads            // changes nothing
	ReadsBare        // changes nothing when it is called without arguments
)

func (c *Command) changes(ps Params) bool {
	return c.Effect == Changes || c.Effect == ReadsBare && len(ps) > 0
}

// Recipe is one accepted list of parameters, in positional order.
type Recipe []Param

// Param is one parameter of a command.
type Param struct {
	Name string
	Kind Kind
}

// Kind is the type of a parameter. A number is accepted for a string and the
// other way round, because the clients in the field send everything as text.
type Kind int

// The kinds of parameter.
const (
	String Kind = iota
	Int
	Array // of strings, and only as the last parameter
)

// Params are the arguments of one call, by name.
type Params map[string]any

// String returns the argument called name, or "".
func (p Params) String(name string) string { s, _ := p[name].(string); return s }

// Int returns the argument called name, or 0.
func (p Params) Int(name string) int { n, _ := p[name].(int); return n }

// Array returns the argument called name, or nil.
func (p Params) Array(name string) []string { a, _ := p[name].([]string); return a }

// Has reports whether the argument was given.
func (p Params) Has(name string) bool { _, ok := p[name]; return ok }

// Error is an answer with a code of its own (404 Agent not found). Any other
// error becomes -32000.
type Error struct {
	Code    int
	Message string
	Data    string // optional
}

// Error implements error.
func (e *Error) Error() string { return e.Message }

// The faults of a request: the codes are JSON-RPC's and the texts OpenSIPS's.
func parseError(data string) *Error    { return &Error{-32700, "Parse error", data} }
func invalidRequest(why string) *Error { return &Error{-32600, "Invalid Request", why} }
func invalidParams(data string) *Error { return &Error{-32602, "Invalid params", data} }
func serverError(data string) *Error   { return &Error{-32000, "Server error", data} }

func readOnly(name string) *Error {
	return &Error{403, "Read-only interface", name + " changes something"}
}
func notFound() *Error { return &Error{-32601, "Method not found", ""} }
func ambiguous(names string) *Error {
	return &Error{-32001, "Method ambiguous", "supported names: " + names}
}

// check finds the faults of a declaration.
func (c *Command) check() error {
	if c.Call == nil {
		return fmt.Errorf("command %s has no Call", c.Name)
	}
	for _, r := range c.Recipes {
		seen := make(map[string]bool)
		for i, p := range r {
			if p.Name == "" || seen[p.Name] {
				return fmt.Errorf("command %s: parameter %d is called %q: want a name of its own", c.Name, i+1, p.Name)
			}
			if p.Kind == Array && i != len(r)-1 {
				return fmt.Errorf("command %s: parameter %s is an array: want it last", c.Name, p.Name)
			}
			seen[p.Name] = true
		}
	}
	return nil
}

// recipes are the accepted lists; the empty list where none is declared.
func (c *Command) recipes() []Recipe {
	if len(c.Recipes) == 0 {
		return []Recipe{{}}
	}
	return c.Recipes
}
