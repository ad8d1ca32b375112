import KubeClient
import Schema

/// A patch to an object, by content type.
enum ObjectPatch: Sendable {
    case json(JSONValue)
    case merge(JSONValue)
    case strategicMerge(JSONValue)
    /// Server-side apply: only the fields that the manager wants to own.
    case apply(JSONValue)

    /// The patch for a content type; nil if the type is not supported.
    init?(contentType: String, _ body: JSONValue) {
        switch contentType {
        case "application/json-patch+json": self = .json(body)
        case "application/merge-patch+json": self = .merge(body)
        case "application/strategic-merge-patch+json": self = .strategicMerge(body)
        case "application/apply-patch+yaml": self = .apply(body)
        default: return nil
        }
    }

    static func contentTypes(for served: ServedResource) -> [String] {
        ["application/json-patch+json", "application/merge-patch+json"]
            + (served.strategy.allowsStrategicMerge ? ["application/strategic-merge-patch+json"] : [])
            + ["application/apply-patch+yaml"]
    }
}

extension Cluster {
    func patch(
        _ target: ObjectTarget, _ patch: ObjectPatch, duplicates: [String] = [], _ parameters: WriteParameters
    ) throws(StatusError) -> WriteResult {
        if case .apply(let intent) = patch {
            return try apply(target, ObjectBody(object: intent, duplicates: duplicates), parameters)
        }
        var warnings: [String] = []
        let object = try modify(target, parameters) { (current) throws(StatusError) in
            let patched = try Self.patched(current, patch, target)
            guard patched["apiVersion"] == current["apiVersion"], patched["kind"] == current["kind"] else {
                throw .badRequest("a patch may not change apiVersion or kind")
            }
            try BodyRules.checkIdentity(patched, target.served, namespace: target.namespace, name: target.name)
            warnings = try BodyRules.checkFields(
                ObjectBody(object: patched, duplicates: duplicates), target.served, parameters.fieldValidation)
            return patched
        }
        return WriteResult(object: object, warnings: warnings)
    }

    private static func patched(
        _ current: JSONValue, _ patch: ObjectPatch, _ target: ObjectTarget
    ) throws(StatusError) -> JSONValue {
        do throws(PatchError) {
            switch patch {
            case .json(let operations): return try JSONPatch(parsing: operations).applied(to: current)
            case .merge(let changes):
                guard changes.objectValue != nil else { throw .malformed("a merge patch must be an object") }
                return MergePatch.apply(changes, to: current)
            case .strategicMerge(let changes):
                return try StrategicMergePatch.apply(changes, to: current, kind: target.served.kind)
            case .apply: return current
            }
        } catch {
            let reason =
                switch error.kind {
                case .malformed: "BadRequest"
                case .tooLarge: "RequestEntityTooLarge"
                case .inapplicable: "Invalid"
                }
            throw StatusError(code: error.statusCode, reason: reason, message: error.message)
        }
    }

    /// Server-side apply: creates the object, or merges the applied fields into it.
    private func apply(
        _ target: ObjectTarget, _ intent: ObjectBody, _ parameters: WriteParameters
    ) throws(StatusError) -> WriteResult {
        try BodyRules.checkIdentity(intent.object, target.served, namespace: target.namespace, name: target.name)
        let warnings = try BodyRules.checkFields(intent, target.served, parameters.fieldValidation)
        var intent = intent
        intent.object["metadata"] = MetadataRules.withoutEmptyFields(intent.object["metadata"] ?? [:])
        var parameters = parameters
        parameters.isApply = true
        let isPresent =
            storage.record(target.served.stored.resource, namespace: target.namespace, name: target.name) != nil
        if !isPresent, parameters.subresource == nil {
            return try createByApply(target, intent.object, warnings, parameters)
        }
        let wanted = intent.object
        let object = try modify(target, parameters) { (current) throws(StatusError) in
            try FieldOwnership.apply(
                wanted, to: current, target, parameters, at: environment.clock.now())
        }
        return WriteResult(object: object, warnings: warnings)
    }

    private func createByApply(
        _ target: ObjectTarget, _ intent: JSONValue, _ warnings: [String], _ parameters: WriteParameters
    ) throws(StatusError) -> WriteResult {
        if let uid = intent["metadata"]?["uid"]?.stringValue {
            throw .conflict(
                target.served.groupResource, target.name,
                "uid mismatch: the provided object specified uid \(uid), and no existing object was found")
        }
        let object = try FieldOwnership.apply(
            intent, to: nil, target, parameters, at: environment.clock.now())
        var result = try create(
            target.served, namespace: target.namespace, ObjectBody(object: object), parameters)
        result.warnings = warnings
        return result
    }
}

/// Maintains `metadata.managedFields`.
enum FieldOwnership {
    /// Records the fields that a write changed. An apply already recorded them in `kept`.
    static func record(
        _ new: inout JSONValue, old: JSONValue?, _ served: ServedResource, _ parameters: WriteParameters,
        at time: Timestamp, keeping kept: JSONValue?
    ) {
        new[path: ["metadata", "managedFields"]] = kept
        guard !parameters.isApply else { return }
        new = write(served, parameters, at: time).tracked(new, replacing: old)
    }

    /// The object after a server-side apply; without a live object, a new object.
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

    /// Compares managed fields, ignoring times.
    static func isSame(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        ManagedFields(left).isSameOwnership(as: ManagedFields(right))
    }
}
