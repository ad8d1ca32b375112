public import KubeClient

/// One `WorkflowDefinition` of the cluster: one version of a workflow in a catalog.
public struct WorkflowDefinition: Hashable, Sendable {
    public static let resourceType = ResourceType(
        group: "towline.dev", version: "v1alpha1", plural: "workflowdefinitions", kind: "WorkflowDefinition")

    public let key: ObjectKey
    public let uid: String
    public var spec: DefinitionSpec

    public init(key: ObjectKey, uid: String, spec: DefinitionSpec) {
        self.key = key
        self.uid = uid
        self.spec = spec
    }
}

/// A workflow in a catalog; only ``deprecated`` and ``replacedBy`` can change after creation.
public struct DefinitionSpec: Hashable, Sendable {
    public var id: DefinitionID
    /// Nil if absent or unknown to this version.
    public var engine: EngineName?
    /// Where the engine finds the workflow.
    public var target: WorkflowTarget
    /// The parameters that an execution may set.
    public var parameters: [ParameterDeclaration]
    /// The service account of runs whose execution names none.
    public var serviceAccountName: String?
    /// The time limit, in seconds, of runs whose execution has none.
    public var timeoutSeconds: Int64?
    /// True if users should move to another version.
    public var deprecated: Bool
    /// The definition to use instead, as `name@version`.
    public var replacedBy: String?

    public init(
        id: DefinitionID, engine: EngineName?, target: WorkflowTarget = WorkflowTarget(),
        parameters: [ParameterDeclaration] = [], serviceAccountName: String? = nil, timeoutSeconds: Int64? = nil,
        deprecated: Bool = false, replacedBy: String? = nil
    ) {
        self.id = id
        self.engine = engine
        self.target = target
        self.parameters = parameters
        self.serviceAccountName = serviceAccountName
        self.timeoutSeconds = timeoutSeconds
        self.deprecated = deprecated
        self.replacedBy = replacedBy
    }
}

/// The name and the version of a definition.
public struct DefinitionID: Hashable, Sendable, CustomStringConvertible {
    public var name: String
    public var version: String

    public init(name: String, version: String) {
        self.name = name
        self.version = version
    }

    /// Reads `name@version`; nil for any other text.
    public init?(_ text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let name = parts.first, let version = parts.last,
            Grammar.isObjectName(String(name)), Grammar.isObjectName(String(version))
        else { return nil }
        self.init(name: String(name), version: String(version))
    }

    public var description: String { "\(name)@\(version)" }

    /// The name of the object. Different definitions can have the same one: `a@b-1` and `a-b@1`.
    public var objectName: String { "\(name)-\(version)" }
}

/// Where an engine finds a workflow.
public struct WorkflowTarget: Hashable, Sendable {
    /// The name of the Pipeline or template; nil with a resolver, or for the name of the workflow.
    public var name: String?
    /// True for a ClusterWorkflowTemplate.
    public var clusterScope: Bool?
    /// The OCI bundle that holds the Pipeline.
    public var containerImage: String?
    /// The digest that pins the bundle.
    public var containerDigest: String?
    /// The Secret with the credentials of the bundle's registry.
    public var imagePullSecret: String?
    /// The Tekton resolver that finds the Pipeline.
    public var resolver: Resolver?

    public init(
        name: String? = nil, clusterScope: Bool? = nil, containerImage: String? = nil, containerDigest: String? = nil,
        imagePullSecret: String? = nil, resolver: Resolver? = nil
    ) {
        self.name = name
        self.clusterScope = clusterScope
        self.containerImage = containerImage
        self.containerDigest = containerDigest
        self.imagePullSecret = imagePullSecret
        self.resolver = resolver
    }
}

/// One parameter that a definition declares.
public struct ParameterDeclaration: Hashable, Sendable {
    public var name: String
    /// True if an execution must set the parameter.
    public var required: Bool
    /// The value if an execution does not set the parameter.
    public var `default`: String?
    /// The regular expression that must match somewhere in the value.
    public var pattern: String?
    /// The allowed values; empty for all.
    public var allowedValues: [String]

    public init(
        name: String, required: Bool = false, default: String? = nil, pattern: String? = nil,
        allowedValues: [String] = []
    ) {
        self.name = name
        self.required = required
        self.default = `default`
        self.pattern = pattern
        self.allowedValues = allowedValues
    }
}

// MARK: Reading

extension WorkflowDefinition {
    /// Reads one object; descriptions and unknown fields are skipped.
    ///
    /// A wrong type is an error that names the field, and so is a missing name or UID.
    public init(reading cursor: inout JSONCursor) throws(JSONError) {
        let start = cursor.offset
        var metadata = ObjectMetadata()
        var spec = DefinitionSpec(id: DefinitionID(name: "", version: ""), engine: nil)
        try cursor.forEachField { (key, cursor) throws(JSONError) in
            switch key {
            case "metadata":
                metadata = try cursor.field("metadata") { (cursor) throws(JSONError) in try ObjectMetadata(&cursor) }
            case "spec": spec = try DefinitionSpec(reading: &cursor)
            default: try cursor.skipValue()
            }
        }
        guard !metadata.name.isEmpty else { throw JSONError("metadata.name: missing", offset: start) }
        guard !metadata.uid.isEmpty else { throw JSONError("metadata.uid: missing", offset: start) }
        self.init(key: metadata.key, uid: metadata.uid, spec: spec)
    }

    /// Reads complete objects.
    public static let decoder: ObjectDecoder<WorkflowDefinition> = { (cursor) throws(JSONError) in
        try WorkflowDefinition(reading: &cursor)
    }
}

extension DefinitionSpec {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var spec = DefinitionSpec(id: DefinitionID(name: "", version: ""), engine: nil)
        try cursor.object("spec") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": spec.id.name = try cursor.string("spec.name") ?? ""
            case "version": spec.id.version = try cursor.string("spec.version") ?? ""
            case "engine": spec.engine = try cursor.string("spec.engine").flatMap(EngineName.init(rawValue:))
            case "ref": spec.target = try WorkflowTarget(reading: &cursor)
            case "parameters":
                try cursor.list("spec.parameters") { (cursor) throws(JSONError) in
                    spec.parameters.append(try ParameterDeclaration(reading: &cursor))
                }
            case "executionConfig":
                try cursor.object("spec.executionConfig") { (key, cursor) throws(JSONError) in
                    switch key {
                    case "serviceAccountName":
                        spec.serviceAccountName = try cursor.string("spec.executionConfig.serviceAccountName")
                    case "timeoutSeconds":
                        spec.timeoutSeconds = try cursor.integer("spec.executionConfig.timeoutSeconds")
                    default: try cursor.skipValue()
                    }
                }
            case "deprecated": spec.deprecated = try cursor.bool("spec.deprecated") ?? false
            case "replacedBy": spec.replacedBy = try cursor.string("spec.replacedBy")
            default: try cursor.skipValue()
            }
        }
        self = spec
    }
}

extension WorkflowTarget {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var target = WorkflowTarget()
        try cursor.object("spec.ref") { (key, cursor) throws(JSONError) in
            try target.read(key, of: "spec.ref", &cursor)
        }
        self = target
    }

    /// Reads a field of the object that contains the fields of a target; skips any other field.
    mutating func read(_ key: String, of object: StaticString, _ cursor: inout JSONCursor) throws(JSONError) {
        var target = self
        try cursor.field(object) { (cursor) throws(JSONError) in
            switch key {
            case "name": target.name = try cursor.string("name")
            case "clusterScope": target.clusterScope = try cursor.bool("clusterScope")
            case "containerImage": target.containerImage = try cursor.string("containerImage")
            case "containerDigest": target.containerDigest = try cursor.string("containerDigest")
            case "imagePullSecret": target.imagePullSecret = try cursor.string("imagePullSecret")
            case "resolver": target.resolver = try Resolver(reading: &cursor, "resolver")
            default: try cursor.skipValue()
            }
        }
        self = target
    }
}

extension ParameterDeclaration {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var declaration = ParameterDeclaration(name: "")
        try cursor.object("spec.parameters[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": declaration.name = try cursor.string("spec.parameters[].name") ?? ""
            case "required": declaration.required = try cursor.bool("spec.parameters[].required") ?? false
            case "default": declaration.default = try cursor.string("spec.parameters[].default")
            case "pattern": declaration.pattern = try cursor.string("spec.parameters[].pattern")
            case "enum": declaration.allowedValues = try cursor.strings("spec.parameters[].enum")
            default: try cursor.skipValue()
            }
        }
        self = declaration
    }
}
