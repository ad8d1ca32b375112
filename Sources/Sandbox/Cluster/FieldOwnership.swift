import KubeClient

/// Keeps `metadata.managedFields` current: who wrote which field last.
enum FieldOwnership {
    /// Notes in `new` what the writer changed; an apply has noted it already, in what is to be kept.
    static func record(
        _ new: inout JSONValue, old: JSONValue?, _ served: ServedResource, _ parameters: WriteParameters,
        at time: Timestamp, keeping kept: JSONValue?
    ) {
    }

    /// Compares managed fields without their times.
    static func isSame(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        timeless(left) == timeless(right)
    }

    private static func timeless(_ entries: JSONValue?) -> [JSONValue] {
        (entries?.arrayValue ?? []).map { entry in
            var entry = entry
            entry["time"] = nil
            return entry
        }
    }
}
