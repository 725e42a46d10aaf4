include "syntax.lua"
