timer_route("a", 0, function() end)
