-- Runs a script over objects as Argo CD does, and prints for each what it returned as a line of JSON.
--
--   lua5.1 argo-cd.lua SCRIPT OBJECTS
--
-- OBJECTS is Lua that returns a list of functions, each of which returns an object. A script sees the base functions
-- that are harmless, `table`, a little of `os`, and `obj`; above all neither `string` nor `math`. Whatever else it
-- reads or sets as a global is an error.
local script_path, objects_path = ...

local write, format, byte, concat, sort = io.write, string.format, string.byte, table.concat, table.sort
local gsub = string.gsub

local function quoted(text)
  return '"' .. gsub(text, '[%c"\\]', function(c) return format("\\u%04x", byte(c)) end) .. '"'
end

local function json(value)
  if type(value) == "string" then return quoted(value) end
  if type(value) == "number" then return format("%.17g", value) end
  if type(value) ~= "table" then return value == nil and "null" or tostring(value) end
  local parts = {}
  if #value > 0 then
    for index, element in ipairs(value) do parts[index] = json(element) end
    return "[" .. concat(parts, ",") .. "]"
  end
  local keys = {}
  for key in pairs(value) do keys[#keys + 1] = key end
  sort(keys)
  for index, key in ipairs(keys) do parts[index] = quoted(key) .. ":" .. json(value[key]) end
  return "{" .. concat(parts, ",") .. "}"
end

local allowed = {
  assert = assert, error = error, ipairs = ipairs, next = next, pairs = pairs, pcall = pcall, select = select,
  tonumber = tonumber, tostring = tostring, type = type, unpack = unpack, table = table,
  os = { date = os.date, time = os.time },
}

local function environment(object)
  local seen = { obj = object }
  for name, value in pairs(allowed) do seen[name] = value end
  return setmetatable({}, {
    __index = function(_, name)
      if seen[name] == nil then error("Argo CD has no global " .. name, 2) end
      return seen[name]
    end,
    __newindex = function(_, name) error("the script sets the global " .. name, 2) end,
  })
end

local objects = assert(loadfile(objects_path))()
-- Without the library, texts have no methods.
getmetatable("").__index = nil
for _, make in ipairs(objects) do
  local script = assert(loadfile(script_path))
  setfenv(script, environment(make()))
  local worked, result = pcall(script)
  if not worked then result = { error = tostring(result) } end
  write(json(result), "\n")
end
