package scripting

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"github.com/sipd/sipd/core"
)

// maxSource bounds a route file.
const maxSource = 4 << 20

// chunk is one file of a script: the route file or an included one.
type chunk struct {
	name  string     // as errors show it
	tree  []ast.Stmt // as written, for the checker
	proto *lua.FunctionProto
}

// sources are the files of one script. They are read once, so that every
// state runs the same text.
type sources struct {
	dir    *os.Root
	prefix string // of the names that errors show
	chunks map[string]*chunk
	order  []*chunk
}

// openSources opens the folder of the route file.
func openSources(file string) (*sources, error) {
	dir, err := os.OpenRoot(filepath.Dir(file))
	if err != nil {
		return nil, fmt.Errorf("opening the folder of the route file: %w", err)
	}
	prefix := strings.TrimSuffix(file, filepath.Base(file))
	return &sources{dir: dir, prefix: prefix, chunks: map[string]*chunk{}}, nil
}

// load compiles the file of that name inside the folder; neither a path nor a
// symbolic link leads out of it.
func (s *sources) load(name string) (*chunk, error) {
	if c := s.chunks[name]; c != nil {
		return c, nil
	}
	if s.dir == nil {
		return nil, fmt.Errorf("include %q: the configuration phase did not read this file", name)
	}
	if !filepath.IsLocal(name) {
		return nil, errors.New("only files in the folder of the route file, or below it, can be included")
	}
	shown := s.prefix + name
	text, err := fs.ReadFile(s.dir.FS(), filepath.ToSlash(filepath.Clean(name)))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", shown, err)
	}
	if len(text) > maxSource {
		return nil, fmt.Errorf("reading %s: larger than %d MB", shown, maxSource>>20)
	}
	c, err := compile(shown, string(text))
	if err != nil {
		return nil, err
	}
	s.chunks[name] = c
	s.order = append(s.order, c)
	return c, nil
}

// close ends the reading of files.
func (s *sources) close() {
	_ = s.dir.Close() // only read
	s.dir = nil
}

// compile parses text twice: the checker wants it as written, the machine
// wants it rewritten.
func compile(name, text string) (*chunk, error) {
	tree, err := parseText(name, text)
	if err != nil {
		return nil, err
	}
	work, err := parseText(name, text)
	if err != nil {
		return nil, err
	}
	rewriteBlock(work)
	proto, err := lua.Compile(work, name)
	if err != nil {
		var ce *lua.CompileError
		if errors.As(err, &ce) {
			return nil, core.Problem{Pos: core.Pos{File: name, Line: ce.Line}, Text: ce.Message}
		}
		return nil, core.Problem{Pos: core.Pos{File: name, Line: 1}, Text: err.Error()}
	}
	return &chunk{name: name, tree: tree, proto: proto}, nil
}

func parseText(name, text string) ([]ast.Stmt, error) {
	if strings.HasPrefix(text, "#!") {
		text = "--" + text // a first line for the shell
	}
	tree, err := parse.Parse(strings.NewReader(text), name)
	if err == nil {
		return tree, nil
	}
	p := core.Problem{Pos: core.Pos{File: name, Line: 1}, Text: err.Error()}
	var pe *parse.Error
	if errors.As(err, &pe) {
		p.Pos.Line, p.Text = pe.Pos.Line, fmt.Sprintf("%s near %q", pe.Message, pe.Token)
		if pe.Pos.Line < 1 {
			p.Pos.Line = strings.Count(strings.TrimRight(text, "\n"), "\n") + 1
			p.Text = pe.Message + " at the end of the file"
		}
	}
	return nil, p
}
