public import KubeClient

/// One `Lifecycle` of the cluster: one version of a list of phases. It is immutable.
public struct Lifecycle: Hashable, Sendable {
    public static let resourceType = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "lifecycles", kind: "Lifecycle")

    public let key: ObjectKey
    public let uid: String
    /// The name and the version of the lifecycle.
    public let id: DefinitionID
    public let plan: PhasePlan

    public init(key: ObjectKey, uid: String, id: DefinitionID, plan: PhasePlan) {
        self.key = key
        self.uid = uid
        self.id = id
        self.plan = plan
    }
}

extension Lifecycle {
    /// Reads one object; a wrong type is an error that names the field, and so is a missing name or UID.
    public static let decoder: ObjectDecoder<Lifecycle> = { (cursor) throws(JSONError) in
        let start = cursor.offset
        var metadata = ObjectMetadata()
        var id = DefinitionID(name: "", version: "")
        var plan = PhasePlan(phases: [])
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata":
                metadata = try cursor.field("metadata") { (cursor) throws(JSONError) in try ObjectMetadata(&cursor) }
            case "spec":
                try cursor.object("spec") { (key, cursor) throws(JSONError) in
                    switch key {
                    case "name": id.name = try cursor.string("spec.name") ?? ""
                    case "version": id.version = try cursor.string("spec.version") ?? ""
                    default:
                        try cursor.field("spec") { (cursor) throws(JSONError) in try plan.read(key, &cursor) }
                    }
                }
            default: try cursor.skipValue()
            }
        }
        guard !metadata.name.isEmpty else { throw JSONError("metadata.name: missing", offset: start) }
        guard !metadata.uid.isEmpty else { throw JSONError("metadata.uid: missing", offset: start) }
        return Lifecycle(key: metadata.key, uid: metadata.uid, id: id, plan: plan)
    }
}

/// What `lifecycleRef` of an environment stands for, as `status.lifecycle` records it before the first phase.
///
/// It has all phases, so that a Lifecycle that is deleted afterwards changes nothing.
public struct ResolvedLifecycle: Hashable, Sendable {
    public var id: DefinitionID
    public var uid: String
    public var plan: PhasePlan

    public init(_ lifecycle: Lifecycle) {
        id = lifecycle.id
        uid = lifecycle.uid
        plan = lifecycle.plan
    }

    init?(reading cursor: inout JSONCursor) throws(JSONError) {
        if try cursor.readNull() { return nil }
        var id = DefinitionID(name: "", version: "")
        var uid = ""
        var plan = PhasePlan(phases: [])
        try cursor.object("status.lifecycle") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": id.name = try cursor.string("status.lifecycle.name") ?? ""
            case "version": id.version = try cursor.string("status.lifecycle.version") ?? ""
            case "uid": uid = try cursor.string("status.lifecycle.uid") ?? ""
            default:
                try cursor.field("status.lifecycle") { (cursor) throws(JSONError) in try plan.read(key, &cursor) }
            }
        }
        (self.id, self.uid, self.plan) = (id, uid, plan)
    }
}
