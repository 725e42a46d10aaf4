cc_handle_call("x")
