// Package mi is the management interface: a registry of commands and a
// JSON-RPC 2.0 engine over it. It knows no transport; modules/httpd carries
// it over HTTP.
package mi

// Command is one management command. A command answers under its canonical
// name ("call_center:list_queue"), its aliases ("cc_list_queue") and, where
// no other module has the same, its local name ("list_queue").
type Command struct {
	Name    string   // canonical: module:command
	Aliases []string // flat names that clients in the field use
	Recipes []Recipe // accepted parameter lists; none means no parameters
	Doc     string   // one line, for help
	Call    func(Params) (any, error)
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
	Array // of strings
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

// Registry holds the commands of a server. The zero value is ready.
type Registry struct{}
