package callcenter

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/sipd/sipd/core/db"
	"github.com/sipd/sipd/modules/callcenter/engine"
	"github.com/sipd/sipd/modules/callcenter/store"
)

// snapshotVersion is the form of a [snapshot].
const snapshotVersion = 1

// snapshot is the configuration as it was read last, for a start while the
// database is away.
type snapshot struct {
	Version int                  `json:"version"`
	Read    time.Time            `json:"read"`  // the time of the file may be later: see same
	Names   store.Names          `json:"names"` // it is of these tables and columns
	Layout  store.Layout         `json:"layout"`
	Flows   []engine.FlowConfig  `json:"flows"`
	Agents  []engine.AgentConfig `json:"agents"`
}

// snapshotPath names the file after the database, so that one with another
// URL is not started with the flows of this one.
func snapshotPath(spool string, u db.URL) string {
	return filepath.Join(spool, u.ID()+".config")
}

// readSnapshot returns nil when there is no snapshot that can be used.
func readSnapshot(path string, n store.Names) *snapshot {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var s snapshot
	if json.Unmarshal(data, &s) != nil || s.Version != snapshotVersion || !maps.Equal(s.Names, n) {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.ModTime().After(s.Read) {
		s.Read = info.ModTime()
	}
	return &s
}

// same reports whether two snapshots of one database differ in their time at
// most. A file that would say the same is not written again.
func (s *snapshot) same(t *snapshot) bool {
	return s.Layout == t.Layout && slices.Equal(s.Flows, t.Flows) && slices.EqualFunc(s.Agents, t.Agents, sameRow)
}

func sameRow(a, b engine.AgentConfig) bool {
	return a.ID == b.ID && a.Location == b.Location && a.MSRPLocation == b.MSRPLocation && a.MSRPSessions == b.MSRPSessions &&
		a.LoggedIn == b.LoggedIn && a.Site == b.Site && a.Wrapup == b.Wrapup && a.WrapupEnds.Equal(b.WrapupEnds) && slices.Equal(a.Skills, b.Skills)
}

// write replaces the file as a whole: a crash leaves the one before.
func (s *snapshot) write(path string) error {
	s.Version = snapshotVersion
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to tell
	}
	return err
}
