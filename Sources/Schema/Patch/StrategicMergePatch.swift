import CEL
package import KubeClient

/// A merge patch that merges lists of built-in kinds by key instead of replacing them.
///
/// Custom resources do not support it; the API responds with 415 for them.
package enum StrategicMergePatch {
    /// The object with the patch applied; `kind` determines the merge key of `ports`.
    package static func apply(_ patch: JSONValue, to target: JSONValue, kind: String) throws(PatchError) -> JSONValue {
        guard case .object(let changes) = patch else {
            throw .malformed("error decoding patch: a strategic merge patch must be an object")
        }
        let merge = Merge(kind: kind)
        return .object(try merge.merged(changes, into: target.objectValue ?? JSONObject(), field: "") ?? JSONObject())
    }

    private struct Merge {
        let kind: String

        /// The merged object; nil for `$patch: delete`.
        func merged(_ patch: JSONObject, into target: JSONObject, field: String) throws(PatchError) -> JSONObject? {
            var result = target
            switch patch["$patch"]?.stringValue {
            case nil where patch["$patch"] == nil, "merge": break
            case "replace": result = JSONObject()
            case "delete": return nil
            default: throw .malformed("unknown patch type in \"$patch\": use merge, replace or delete")
            }
            if let retained = patch["$retainKeys"] {
                guard let keys = retained.arrayValue?.map(\.stringValue) else {
                    throw .malformed("invalid patch format of \"$retainKeys\": it must be a list of strings")
                }
                for key in result.keys where !keys.contains(key) { result[key] = nil }
            }
            for change in patch where !change.key.utf8.starts(with: "$".utf8) {
                result[change.key] = try merged(
                    change.value, into: result[change.key], field: change.key, parent: field)
            }
            try followListDirectives(of: patch, in: &result, parent: field)
            return result
        }

        private func merged(
            _ patch: JSONValue, into target: JSONValue?, field: String, parent: String
        ) throws(PatchError) -> JSONValue? {
            switch patch {
            case .null: return nil
            case .object(let changes):
                return try merged(changes, into: target?.objectValue ?? JSONObject(), field: field).map(
                    JSONValue.object)
            case .array(let elements):
                switch ListMerge.of(field, parent: parent, kind: kind) {
                case .replace: return .array(try withoutDirectives(elements, field: field))
                case .union:
                    var union = target?.arrayValue ?? []
                    for element in elements where !union.contains(element) { union.append(element) }
                    return .array(union)
                case .byKey(let key):
                    return .array(try merged(elements, into: target?.arrayValue ?? [], key: key, field: field))
                }
            default: return patch
            }
        }

        private func withoutDirectives(_ elements: [JSONValue], field: String) throws(PatchError) -> [JSONValue] {
            var result: [JSONValue] = []
            for element in elements {
                guard case .object(let object) = element else {
                    result.append(element)
                    continue
                }
                if let kept = try merged(object, into: JSONObject(), field: field) { result.append(.object(kept)) }
            }
            return result
        }

        private func merged(
            _ patch: [JSONValue], into target: [JSONValue], key: String, field: String
        ) throws(PatchError) -> [JSONValue] {
            // An element with only a directive applies to the whole list.
            let isReplaced = patch.contains { $0["$patch"]?.stringValue == "replace" && $0.objectValue?.count == 1 }
            var result = isReplaced ? [] : target
            for element in patch {
                guard case .object(let change) = element else {
                    throw .malformed("invalid patch of \"\(field)\": its elements must be objects")
                }
                if change["$patch"] == "replace", change.count == 1 { continue }
                guard let identity = change[key] else {
                    throw .malformed(
                        "invalid patch of \"\(field)\": an element does not contain the merge key \"\(key)\"")
                }
                let index = result.firstIndex { $0[key]?.isEqualJSON(to: identity) == true }
                let merged = try merged(
                    change, into: index.flatMap { result[$0].objectValue } ?? JSONObject(), field: field)
                switch (index, merged) {
                case (let index?, let merged?): result[index] = .object(merged)
                case (let index?, nil): result.remove(at: index)
                case (nil, let merged?): result.append(.object(merged))
                case (nil, nil): break
                }
            }
            return result
        }

        /// Applies `$deleteFromPrimitiveList/f` and `$setElementOrder/f` to the list `f`.
        private func followListDirectives(
            of patch: JSONObject, in result: inout JSONObject, parent: String
        ) throws(PatchError) {
            for directive in patch {
                let parts = directive.key.split(separator: "/", maxSplits: 1)
                guard parts.count == 2, directive.key.utf8.starts(with: "$".utf8) else { continue }
                let field = String(parts[1])
                guard let arguments = directive.value.arrayValue else {
                    throw .malformed("invalid patch format of \"\(directive.key)\": it must be a list")
                }
                guard let list = result[field]?.arrayValue else { continue }
                switch parts[0] {
                case "$deleteFromPrimitiveList": result[field] = .array(list.filter { !arguments.contains($0) })
                case "$setElementOrder":
                    let order = ListMerge.of(field, parent: parent, kind: kind)
                    result[field] = .array(order.sorted(list, like: arguments))
                default: throw .malformed("unknown directive \"\(directive.key)\"")
                }
            }
        }
    }
}

/// How a strategic merge patch merges a list of a built-in kind.
enum ListMerge: Hashable {
    case replace
    /// A set of scalars.
    case union
    /// Objects identified by one member.
    case byKey(String)

    /// The strategy for the list `field` inside `parent`, the closest enclosing field name (empty at the top level).
    static func of(_ field: String, parent: String, kind: String) -> ListMerge {
        switch field {
        case "ports":
            if containerLists.contains(parent) { return .byKey("containerPort") }
            return kind == "Service" && parent == "spec" ? .byKey("port") : .replace
        case "finalizers": return parent == "metadata" || parent == "spec" ? .union : .replace
        default: return keys[field].map(ListMerge.byKey) ?? .replace
        }
    }

    private static let containerLists: Set<String> = ["containers", "initContainers", "ephemeralContainers"]

    private static let keys = [
        "containers": "name", "initContainers": "name", "ephemeralContainers": "name",
        "env": "name", "volumes": "name", "volumeMounts": "mountPath", "volumeDevices": "devicePath",
        "imagePullSecrets": "name", "secrets": "name", "resourceClaims": "name", "hostAliases": "ip",
        "topologySpreadConstraints": "topologyKey", "ownerReferences": "uid", "conditions": "type",
        "podIPs": "ip", "hostIPs": "ip", "addresses": "type", "taints": "key",
    ]

    /// Sorts the elements that are in `order`; the others keep their positions.
    func sorted(_ list: [JSONValue], like order: [JSONValue]) -> [JSONValue] {
        func identity(_ value: JSONValue) -> JSONValue? {
            if case .byKey(let key) = self { value[key] } else { value }
        }
        var ranks: [JSONValue: Int] = [:]
        for (rank, element) in order.enumerated() {
            if let identity = identity(element), ranks[identity] == nil { ranks[identity] = rank }
        }
        func rank(_ value: JSONValue) -> Int? { identity(value).flatMap { ranks[$0] } }
        let places = list.indices.filter { rank(list[$0]) != nil }
        let ordered = places.map { list[$0] }.enumerated().sorted { left, right in
            (rank(left.element) ?? 0, left.offset) < (rank(right.element) ?? 0, right.offset)
        }
        var result = list
        for (place, element) in zip(places, ordered) { result[place] = element.element }
        return result
    }
}
