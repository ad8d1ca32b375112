import KubeClient

/// A volume for one of the workspaces that a Tekton pipeline declares.
public struct Workspace: Hashable, Sendable {
    /// The name of the workspace in the pipeline.
    public var name: String
    /// The directory of the volume that the pipeline sees.
    public var subPath: String?
    /// What the volume holds; nil only if the spec names no source or several, which ``ExecutionSpec/validate()``
    /// reports.
    public var source: Source?

    public init(name: String, subPath: String? = nil, source: Source?) {
        self.name = name
        self.subPath = subPath
        self.source = source
    }

    /// Where the content of a workspace comes from.
    public enum Source: Hashable, Sendable {
        /// An existing PersistentVolumeClaim.
        case claim(String)
        /// A PersistentVolumeClaim that Tekton creates for the run and deletes with it.
        case claimTemplate(ClaimTemplate)
        /// An empty directory that lives as long as the pod of a task.
        case emptyDirectory(medium: String?, sizeLimit: String?)
        case configMap(FileSource)
        case secret(FileSource)
        /// ConfigMaps and Secrets in one directory.
        case projected([Projection])
    }

    /// The claim that Tekton creates.
    public struct ClaimTemplate: Hashable, Sendable {
        /// The storage class; nil for the cluster's default.
        public var storageClassName: String?
        /// Empty for `ReadWriteOnce`.
        public var accessModes: [String]
        /// The size, such as `1Gi`.
        public var storage: String

        public init(storageClassName: String? = nil, accessModes: [String] = [], storage: String) {
            self.storageClassName = storageClassName
            self.accessModes = accessModes
            self.storage = storage
        }
    }

    /// A ConfigMap or Secret whose keys become files.
    public struct FileSource: Hashable, Sendable {
        public var name: String
        /// The keys to take and their file names; empty for all keys.
        public var items: [Item]

        public init(name: String, items: [Item] = []) {
            self.name = name
            self.items = items
        }
    }

    /// A key of a ConfigMap or Secret, and the path of its file.
    public struct Item: Hashable, Sendable {
        public var key: String
        public var path: String

        public init(key: String, path: String) {
            self.key = key
            self.path = path
        }
    }

    /// One source of a projected volume.
    public enum Projection: Hashable, Sendable {
        case configMap(FileSource)
        case secret(FileSource)
    }
}

extension Workspace {
    /// Reads one workspace; a missing or second source is added to `problems`.
    init(reading cursor: inout JSONCursor, problems: inout [ValidationProblem]) throws(JSONError) {
        var workspace = Workspace(name: "", source: nil)
        var sources: [Source] = []
        try cursor.object("spec.workspaces[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "name": workspace.name = try cursor.string("spec.workspaces[].name") ?? ""
            case "subPath": workspace.subPath = try cursor.string("spec.workspaces[].subPath")
            default:
                if let source = try Source(reading: &cursor, field: key) { sources.append(source) }
            }
        }
        if sources.count == 1 {
            workspace.source = sources.first
        } else {
            let message =
                "needs exactly one of claimName, claimTemplate, emptyDir, configMap, secret and projected"
            problems.append(ValidationProblem(field: "spec.workspaces[\(workspace.name)]", message: message))
        }
        self = workspace
    }
}

extension Workspace.Source {
    /// Reads the source in `field`; nil if the field is `null` or not a source.
    init?(reading cursor: inout JSONCursor, field: String) throws(JSONError) {
        if try cursor.readNull() { return nil }
        switch field {
        case "claimName":
            guard let name = try cursor.string("spec.workspaces[].claimName") else { return nil }
            self = .claim(name)
        case "claimTemplate": self = .claimTemplate(try Workspace.ClaimTemplate(reading: &cursor))
        case "emptyDir":
            var medium: String?
            var sizeLimit: String?
            try cursor.object("spec.workspaces[].emptyDir") { (key, cursor) throws(JSONError) in
                switch key {
                case "medium": medium = try cursor.string("spec.workspaces[].emptyDir.medium")
                case "sizeLimit": sizeLimit = try cursor.quantity("spec.workspaces[].emptyDir.sizeLimit")
                default: try cursor.skipValue()
                }
            }
            self = .emptyDirectory(medium: medium, sizeLimit: sizeLimit)
        case "configMap": self = .configMap(try Workspace.FileSource(reading: &cursor, "spec.workspaces[].configMap"))
        case "secret": self = .secret(try Workspace.FileSource(reading: &cursor, "spec.workspaces[].secret"))
        case "projected":
            var projections: [Workspace.Projection] = []
            try cursor.object("spec.workspaces[].projected") { (key, cursor) throws(JSONError) in
                guard key == "sources" else {
                    try cursor.skipValue()
                    return
                }
                try cursor.list("spec.workspaces[].projected.sources") { (cursor) throws(JSONError) in
                    projections += try Workspace.Projection.read(&cursor)
                }
            }
            self = .projected(projections)
        default:
            try cursor.skipValue()
            return nil
        }
    }
}

extension Workspace.ClaimTemplate {
    init(reading cursor: inout JSONCursor) throws(JSONError) {
        var template = Workspace.ClaimTemplate(storage: "")
        try cursor.object("spec.workspaces[].claimTemplate") { (key, cursor) throws(JSONError) in
            switch key {
            case "storageClassName":
                template.storageClassName = try cursor.string("spec.workspaces[].claimTemplate.storageClassName")
            case "accessModes":
                template.accessModes = try cursor.strings("spec.workspaces[].claimTemplate.accessModes")
            case "storage": template.storage = try cursor.quantity("spec.workspaces[].claimTemplate.storage") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = template
    }
}

extension Workspace.FileSource {
    init(reading cursor: inout JSONCursor, _ field: StaticString) throws(JSONError) {
        var source = Workspace.FileSource(name: "")
        try cursor.map(field) { (key, cursor) throws(JSONError) in
            switch key {
            case "name": source.name = try cursor.string("name") ?? ""
            case "items":
                try cursor.list("items") { (cursor) throws(JSONError) in
                    source.items.append(try Workspace.Item(reading: &cursor))
                }
            default: try cursor.skipValue()
            }
        }
        self = source
    }
}

extension Workspace.Item {
    fileprivate init(reading cursor: inout JSONCursor) throws(JSONError) {
        var item = Workspace.Item(key: "", path: "")
        try cursor.object("items[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "key": item.key = try cursor.string("key") ?? ""
            case "path": item.path = try cursor.string("path") ?? ""
            default: try cursor.skipValue()
            }
        }
        self = item
    }
}

extension Workspace.Projection {
    /// Reads one element of `sources`: the ConfigMap, the Secret, or both.
    fileprivate static func read(_ cursor: inout JSONCursor) throws(JSONError) -> [Workspace.Projection] {
        var projections: [Workspace.Projection] = []
        try cursor.object("spec.workspaces[].projected.sources[]") { (key, cursor) throws(JSONError) in
            switch key {
            case "configMap":
                projections.append(
                    .configMap(try Workspace.FileSource(reading: &cursor, "projected.sources[].configMap")))
            case "secret":
                projections.append(.secret(try Workspace.FileSource(reading: &cursor, "projected.sources[].secret")))
            default: try cursor.skipValue()
            }
        }
        return projections
    }
}
