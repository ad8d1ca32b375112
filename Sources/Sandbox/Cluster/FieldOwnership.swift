import KubeClient

/// Keeps `metadata.managedFields` current: who wrote which field last.
enum FieldOwnership {
    /// Notes in `new` what the writer changed; an apply has noted it already, in what is to be kept.
    static func record(
        _ new: inout JSONValue, old: JSONValue?, _ served: ServedResource, _ parameters: WriteParameters,
        at time: Timestamp, keeping kept: JSONValue?
    ) {
        new[path: ["metadata", "managedFields"]] = kept
        guard !parameters.isApply else { return }
        new = write(served, parameters, at: time).tracked(new, replacing: old)
    }

    /// The object that results from a server-side apply; without a live object, a new one.
    static func apply(
        _ configuration: JSONValue, to live: JSONValue?, _ target: ObjectTarget, _ parameters: WriteParameters,
        at time: Timestamp
    ) throws(StatusError) -> JSONValue {
        do throws(ApplyError) {
            return try write(target.served, parameters, at: time)
                .apply(configuration, to: live, force: parameters.force)
        } catch {
            guard case .conflicts(let conflicts) = error else { throw .badRequest(error.message) }
            var details = StatusError.Details()
            details.causes = conflicts.map { conflict in
                StatusError.Cause(
                    reason: "FieldManagerConflict", message: "conflict with \(conflict.ownerDescription)",
                    field: conflict.field)
            }
            throw StatusError(code: 409, reason: "Conflict", message: error.message, details: details)
        }
    }

    private static func write(
        _ served: ServedResource, _ parameters: WriteParameters, at time: Timestamp
    ) -> FieldWrite {
        let ignored: Set<String> =
            switch parameters.subresource {
            case nil: served.hasStatusSubresource ? ["status"] : []
            default: ["metadata", "spec"]
            }
        let schema = served.isCustom ? served.schema?.root : nil
        return FieldWrite(
            manager: parameters.fieldManager, apiVersion: served.apiVersion,
            subresource: parameters.subresource ?? "", shape: .resource(kind: served.kind, schema: schema),
            time: time, ignoredFields: ignored)
    }

    /// Compares managed fields without their times.
    static func isSame(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        ManagedFields(left).isSameOwnership(as: ManagedFields(right))
    }
}
