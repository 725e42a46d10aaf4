package scripting

import (
	"slices"
	"strings"
)

// absorbed is an OpenSIPS module that there is no module for here: sipd does
// its work itself, or has no use for it. A route file made for OpenSIPS may
// load it, which does nothing.
type absorbed struct {
	// params are those it has in OpenSIPS. They are taken with a warning; any
	// other is a mistake.
	params string
	// lacks says which functions of the module sipd has not; "" when those
	// that a call center needs are built in.
	lacks string
}

// inCore lists them by name. It is the only list: a module that is not here
// and not built in is an error.
var inCore = map[string]absorbed{
	"tm": {params: `auto_100trying delete_timer restart_fr_on_each_reply onreply_avp_mode timer_partitions disable_6xx_block
		minor_branch_flag pass_provisional_replies syn_branch auto_inv_100_reason tw_append own_timer_proc reparse_on_dns_failover
		cluster_id cluster_param cluster_auto_cancel`},
	"sl":        {params: `enable_stats default_code default_reason`},
	"maxfwd":    {params: `max_limit`},
	"sipmsgops": {},
	"signaling": {},
	"textops":   {},
	"options":   {params: `accept accept_encoding accept_language support`},
	"rr": {params: `enable_double_rr append_fromtag add_username ignore_user enable_full_lr force_send_socket strict_uri`,
		lacks: "record_route and loose_route: calls end here, and are not relayed"},
	"proto_udp": {params: `udp_port`},
	"proto_tcp": {params: `tcp_port tcp_send_timeout tcp_max_msg_chunks tcp_crlf_pingpong tcp_crlf_drop tcp_async
		tcp_async_max_postponed_chunks tcp_async_local_connect_timeout tcp_async_local_write_timeout tcp_parallel_handling trace_destination trace_on`},
	"db_mysql":    {params: `timeout exec_query_threshold max_db_retries max_db_queries use_tls ps_max_col_size`},
	"db_sqlite":   {params: `alloc_limit load_extension busy_timeout exec_pragma`},
	"event_route": {},
	"uac_auth":    {params: `credential auth_username_avp auth_realm_avp auth_password_avp`, lacks: "digest towards a party"},
	"uac": {params: `restore_mode restore_passwd rr_from_store_param rr_to_store_param force_dialog`,
		lacks: "uac_replace_from and uac_auth: call_center sets From, see b2bl_from_spec_param of b2b_logic"},
	"dialog": {params: `db_mode db_url db_update_period table_name dlg_match_mode default_timeout options_ping_interval reinvite_ping_interval
		enable_stats hash_size log_profile_hash_size rr_param dlg_extra_hdrs profiles_with_value profiles_no_value profile_timeout timeout_avp
		cachedb_url dlg_sharing_tag dialog_replication_cluster profile_replication_cluster`,
		lacks: "create_dialog and profiles: b2b_logic keeps the dialogs, bounds them by max_duration and finds parties that vanished by keepalive_interval"},
}

// has reports whether OpenSIPS's module has the parameter.
func (a absorbed) has(param string) bool { return slices.Contains(a.names(), param) }

func (a absorbed) names() []string { return strings.Fields(a.params) }
