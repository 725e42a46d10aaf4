include "recursive.lua"
