package b2b

import "github.com/sipd/sipd/core"

// entities is the module b2b_entities.
type entities struct{}

// NewEntities returns the module b2b_entities, so that a route file which
// loads it, as OpenSIPS needs it, is accepted. All the work is b2b_logic's.
func NewEntities() core.Module { return entities{} }

// Exports implements [core.Module].
func (entities) Exports() core.Exports {
	const hash = "nothing has a size that must be chosen"
	const store = "calls are kept in files, see spool_dir of call_center and db_mode of b2b_logic"
	const route = "local_route sees every request of a leg"
	mode := core.Unneeded("db_mode", store)
	mode.Default = "2"
	return core.Exports{Name: "b2b_entities", Params: []core.Param{
		core.Unneeded("server_hsize", hash),
		core.Unneeded("client_hsize", hash),
		core.Unneeded("db_url", store),
		core.Unneeded("db_table", store),
		mode,
		core.Unneeded("update_period", "what changes is kept at once"),
		core.Unneeded("cachedb_url", store),
		core.Unneeded("cachedb_key_prefix", store),
		core.Unneeded("cluster_id", "there is no cluster"),
		core.Unneeded("b2b_key_prefix", "tags and Call-IDs begin with B2B"),
		core.Unneeded("script_req_route", route),
		core.Unneeded("script_reply_route", route),
		core.Unneeded("passthru_prack", "100rel is not offered to anybody"),
		core.Unneeded("advertised_contact", "there are no UA sessions; see server_address of b2b_logic"),
		core.Unneeded("ua_default_timeout", "there are no UA sessions; see max_duration of b2b_logic"),
	}}
}

// Init implements [core.Module].
func (entities) Init(core.Host) error { return nil }
