listen "udp:10.0.0.5:5060"
function request_route()
  if is_method("INVITE" then
    send_reply(200)
  end
end
