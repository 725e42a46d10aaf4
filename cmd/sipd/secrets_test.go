package main

import (
	"strings"
	"testing"
)

// TestSecrets holds that the password of a database is printed nowhere, with
// every detail logged and whatever is wrong with the URL.
func TestSecrets(t *testing.T) {
	for url, check := range map[string]int{
		away: exitOK,
		"mysql://operator:" + canary + "@127.0.0.1:1":           exitInput, // no database
		"mysql://operator:" + canary + "@127.0.0.1:port/x":      exitInput, // no port
		"mysql://operator:" + canary + "@127.0.0.1:1/x?tls=odd": exitInput, // no such setting
		"postgres://operator:" + canary + "@127.0.0.1:1/x":      exitInput,
		"mysql:/operator:" + canary + "@127.0.0.1:1/x":          exitInput, // no scheme
		"mysql://operator:" + canary + "@@127.0.0.1:1/x":        exitOK,
		"mysql://operator:" + canary + "127.0.0.1:1/x":          exitInput, // no @
	} {
		for _, param := range []string{"db_url", "acc_db_url", "rt_db_url"} {
			own := ""
			if param != "db_url" {
				own = "modparam(\"call_center\", \"db_url\", \"" + newDB(t) + "\")\n"
			}
			file := writeRoute(t, "listen \"udp:127.0.0.1:0\"\nlog_level(4)\n"+center+own+
				"modparam(\"call_center\", \""+param+"\", \""+url+"\")"+answer)
			quiet(t, check, "check", file)
			quiet(t, check, "check", "--json", file)
			quiet(t, exitInput, "run", "-f", file)
		}
		file := writeRoute(t, "listen \"udp:127.0.0.1:0\"\nlog_level \"debug\"\ndb_default_url \""+url+"\"\n"+center+answer)
		quiet(t, exitInput, "run", "-f", file)
		for _, command := range []string{"create", "check", "upgrade", "clean"} {
			quiet(t, exitInput, "db", command, "--url", url)
		}
		quiet(t, exitInput, "flow", "list", "--url", url)
		quiet(t, exitInput, "agent", "set", "x", "--skills", "y", "--url", url)
		quiet(t, exitInput, "agent", "list", "-f", file)
		t.Setenv("SIPD_DB_URL", url)
		quiet(t, exitInput, "db", "check")
		quiet(t, exitOK, "db", "check", "--help")
	}
}

// quiet runs a command and looks for the password in all it printed.
func quiet(t *testing.T, want int, args ...string) {
	t.Helper()
	exit, out, errs := refused(args...)
	if exit != want {
		t.Errorf("sipd %s: exit code %d, want %d\n%s%s", args[:2], exit, want, out, errs)
	}
	if all := out + errs; strings.Contains(all, canary) {
		t.Errorf("sipd %s shows the password: %s", args[:2], all)
	}
}
