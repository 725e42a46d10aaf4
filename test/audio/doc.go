// Package audio runs real SIP phones for tests that listen: baresip, without
// a sound card, each with a folder, ports and a sine of its own.
//
// A [Phone] dials or answers by itself, and says at any moment of a call how
// many RTP packets it has sent and how many came from whom, told apart by
// SSRC. So a test sees what no trace of SIP can show: that caller and agent
// hear each other, and not the music.
//
//	agent, err := audio.Start(ctx, t.TempDir(), audio.Options{User: "agent", AutoAnswer: true})
//	caller, err := audio.Start(ctx, t.TempDir(), audio.Options{User: "caller", Tone: 400})
//	err = caller.Dial(ctx, "sip:support@127.0.0.1:5060")
//	_, err = agent.Wait(ctx, audio.Established)
//	voice, err := agent.Audio(ctx)
//	err = caller.Hear(ctx, voice.SSRC, 25) // half a second of the agent
//	err = caller.Hangup(ctx)
//
// ctx must outlive the clean-up of the test, where [Phone.Close] belongs: that
// of testing.T.Context does not.
//
// It needs baresip 1.0 (Debian: apt-get install baresip) with the modules
// g711, ausine, debug_cmd, account, menu and ctrl_tcp.
//
// What made baresip run headless, for who must change the configuration:
// ausine wants 48 kHz and two channels, and baresip resamples; no audio player
// is configured at all, received packets are counted all the same; and
// net_interface takes an address, where the name "lo" fails.
package audio
