package audio

import "fmt"

// config is the file "config"; doc.go says what is behind the odd lines.
func config(sip, ctrl int, o Options) string {
	tone := o.Tone
	if tone == 0 {
		tone = 440
	}
	return fmt.Sprintf(`sip_listen 127.0.0.1:%d
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 8
audio_source ausine,%d
ausrc_srate 48000
ausrc_channels 2
auplay_srate 8000
auplay_channels 1
module_path /usr/lib/baresip/modules
module g711.so
module ausine.so
module debug_cmd.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:%d
`, sip, tone, ctrl)
}

// account is the file "accounts".
func account(sip int, o Options) string {
	text := fmt.Sprintf("<sip:%s@127.0.0.1:%d>;regint=0", o.User, sip)
	if o.AutoAnswer {
		text += ";answermode=auto"
	}
	if o.Outbound != "" {
		text += fmt.Sprintf(";outbound=%q", o.Outbound)
	}
	return text + "\n"
}
