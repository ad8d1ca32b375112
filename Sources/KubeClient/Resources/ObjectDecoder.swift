/// Reads one object from a JSON text; it must consume exactly one value.
public typealias ObjectDecoder<Object> = @Sendable (inout JSONCursor) throws(JSONError) -> Object
