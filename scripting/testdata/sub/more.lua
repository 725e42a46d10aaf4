route["to-pstn"] = function() return send_reply(403, "No trunk") end
