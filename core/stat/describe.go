package stat

import "strings"

// Describe keeps what the statistics of a group mean.
func (r *Registry) Describe(group string, ds []Desc) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.docs == nil {
		r.docs = make(map[string]string)
	}
	for _, d := range ds {
		name := d.Name
		for _, family := range []string{"-FLOW", "-AGENT", "-F", "-A"} {
			name = strings.TrimSuffix(name, family)
		}
		r.docs[key(group, name)] = d.Doc
	}
}

// Doc returns what a statistic means, or "".
func (r *Registry) Doc(v Value) string {
	name := v.Name
	if v.Family != "" {
		name = v.Family
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.docs[key(v.Group, name)]
}
