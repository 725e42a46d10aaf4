package main

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// levels are those of agents in skills, from 1 up; what is not in it is 0.
type levels map[key]int

type key struct{ agent, skill string }

// readLevels reads lines "agent skill level", with blanks or commas between the
// three. Empty lines and what follows a # are not read. An error names the line
// by the name of the file.
func readLevels(name string, r io.Reader) (levels, error) {
	read, lines := levels{}, map[key]int{}
	in := bufio.NewScanner(r)
	n := 0
	for in.Scan() {
		n++
		k, level, err := parseLine(in.Text())
		if err == nil && lines[k] != 0 {
			err = fmt.Errorf("agent %s has a level in %s already, in line %d", k.agent, k.skill, lines[k])
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if level > 0 {
			read[k], lines[k] = level, n
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s:%d: %w", name, n+1, err)
	}
	return read, nil
}

// parseLine reads one line; its level is 0 when there is nothing in it.
func parseLine(line string) (k key, level int, err error) {
	line, _, _ = strings.Cut(line, "#")
	if line = strings.TrimSpace(line); line == "" {
		return key{}, 0, nil
	}
	var cells []string
	if strings.Contains(line, ",") {
		cells = strings.Split(line, ",")
	} else {
		cells = strings.Fields(line)
	}
	if len(cells) != 3 {
		return key{}, 0, fmt.Errorf("%q: want agent, skill and level, as in: 1008 french 3", line)
	}
	for i := range cells {
		if cells[i] = strings.TrimSpace(cells[i]); cells[i] == "" {
			return key{}, 0, fmt.Errorf("%q: want agent, skill and level, as in: 1008,french,3", line)
		}
	}
	level, err = strconv.Atoi(cells[2])
	if err != nil || level < 1 {
		return key{}, 0, fmt.Errorf("level %q: want a whole number, 1 or more", cells[2])
	}
	return key{cells[0], cells[1]}, level, nil
}
