// Skillscore is a dispatch policy that gives a call to the agent with the
// highest level in its skill. See README.md.
package main

import "github.com/sipd/sipd/plugins/policy"

func main() { policy.Serve(&skillScore{}) }
