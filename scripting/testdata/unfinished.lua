function request_route()
  send_reply(200)
