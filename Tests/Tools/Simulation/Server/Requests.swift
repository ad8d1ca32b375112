import KubeClient
import TowlineAPI

/// The parsed path and query of a request.
struct RequestTarget {
    let kind: ResourceKind
    var namespace: String?
    var name: String?
    var subresource: String?
    private var query: [String: String] = [:]

    /// Nil if the simulated server does not serve the path.
    init?(_ target: String) {
        // A simulation parses thousands of targets, and working on bytes is faster than on characters.
        let parts = target.utf8.split(separator: UInt8(ascii: "?"), maxSplits: 1)
        var segments = (parts.first ?? "".utf8[...]).split(separator: UInt8(ascii: "/")).map { Self.decode($0) }[...]
        guard segments.popFirst() == "apis", let group = segments.popFirst(), segments.popFirst() != nil else {
            return nil
        }
        if segments.first == "namespaces", segments.count > 2 {
            segments.removeFirst()
            namespace = segments.popFirst()
        }
        guard let plural = segments.popFirst(), let kind = ResourceKind.of(group: group, plural: plural) else {
            return nil
        }
        self.kind = kind
        name = segments.popFirst()
        subresource = segments.popFirst()
        for member in parts.dropFirst().first?.split(separator: UInt8(ascii: "&")) ?? [] {
            let pair = member.split(separator: UInt8(ascii: "="), maxSplits: 1).map { Self.decode($0) }
            query[pair.first ?? ""] = pair.count > 1 ? pair[1] : ""
        }
    }

    private static func decode(_ bytes: Substring.UTF8View) -> String {
        let text = String(Substring(bytes))
        guard bytes.contains(UInt8(ascii: "%")) || bytes.contains(UInt8(ascii: "+")) else { return text }
        return text.percentDecoded(plusIsSpace: true) ?? ""
    }

    subscript(_ parameter: String) -> String? { query[parameter] }

    var selection: Selection {
        Selection(
            namespace: namespace, labels: LabelRequirement(self["labelSelector"]),
            name: self["fieldSelector"].flatMap { $0.hasPrefix("metadata.name=") ? String($0.dropFirst(14)) : nil })
    }
}

/// The objects of a collection that a list or a watch selects.
struct Selection {
    let namespace: String?
    let labels: LabelRequirement
    let name: String?

    func includes(_ change: Change) -> Bool { includes(change.key, change.object) }

    func includes(_ key: ObjectKey, _ object: JSONValue) -> Bool {
        (namespace == nil || namespace == key.namespace) && (name == nil || name == key.name) && labels.holds(object)
    }
}

/// The three forms of label selectors that the operator uses.
enum LabelRequirement {
    case none
    case exists(String)
    case oneOf(String, Set<String>)

    init(_ selector: String?) {
        guard let selector, !selector.isEmpty else {
            self = .none
            return
        }
        if let range = selector.firstRange(of: " in (") {
            let values = selector[range.upperBound...].dropLast().split(separator: ",").map(String.init)
            self = .oneOf(String(selector[..<range.lowerBound]), Set(values))
        } else if let equals = selector.firstIndex(of: "=") {
            let value = selector[selector.index(after: equals)...].drop { $0 == "=" }
            self = .oneOf(String(selector[..<equals]), [String(value)])
        } else {
            self = .exists(selector)
        }
    }

    func holds(_ object: JSONValue) -> Bool {
        switch self {
        case .none: true
        case .exists(let key): object["metadata"]?["labels"]?[key] != nil
        case .oneOf(let key, let values):
            object["metadata"]?["labels"]?[key]?.stringValue.map(values.contains) ?? false
        }
    }
}

/// The resource types that the simulated server serves.
enum ResourceKind: String, CaseIterable {
    case executions, pipelineRuns, workflows, taskRuns, customRuns, leases, events
    case environments, lifecycles, definitions

    var type: ResourceType {
        switch self {
        case .executions: WorkflowExecution.resourceType
        case .pipelineRuns:
            ResourceType(group: "tekton.dev", version: "v1", plural: "pipelineruns", kind: "PipelineRun")
        case .workflows:
            ResourceType(group: "argoproj.io", version: "v1alpha1", plural: "workflows", kind: "Workflow")
        case .taskRuns: ResourceType(group: "tekton.dev", version: "v1", plural: "taskruns", kind: "TaskRun")
        case .customRuns:
            ResourceType(group: "tekton.dev", version: "v1beta1", plural: "customruns", kind: "CustomRun")
        case .leases: ResourceType(group: "coordination.k8s.io", version: "v1", plural: "leases", kind: "Lease")
        case .events: ResourceType(group: "events.k8s.io", version: "v1", plural: "events", kind: "Event")
        case .environments:
            ResourceType(group: "towline.dev", version: "v1alpha1", plural: "environments", kind: "Environment")
        case .lifecycles:
            ResourceType(group: "towline.dev", version: "v1alpha1", plural: "lifecycles", kind: "Lifecycle")
        case .definitions:
            ResourceType(
                group: "towline.dev", version: "v1alpha1", plural: "workflowdefinitions", kind: "WorkflowDefinition")
        }
    }

    /// Argo's Workflow has no status subresource, so clients write the status with the object.
    var hasStatusSubresource: Bool {
        switch self {
        case .executions, .pipelineRuns, .taskRuns, .customRuns, .environments: true
        case .workflows, .leases, .events, .lifecycles, .definitions: false
        }
    }

    var isRun: Bool { self == .pipelineRuns || self == .workflows }

    var isOfEnvironments: Bool { self == .environments || self == .lifecycles || self == .definitions }

    static func of(group: String, plural: String) -> ResourceKind? {
        allCases.first { $0.type.group == group && $0.type.plural == plural }
    }
}

/// The responses of the simulated server, with the bodies of a kube-apiserver.
enum Answer {
    static func object(_ bytes: [UInt8], created: Bool = false) -> HTTPResponse {
        HTTPResponse(status: created ? 201 : 200, body: bytes)
    }

    static func status(
        _ code: Int, _ reason: String, _ message: String, name: String? = nil, retryAfter: Int? = nil,
        cause: String? = nil
    ) -> HTTPResponse {
        var details = JSONObject()
        if let name { details["name"] = .string(name) }
        if let retryAfter { details["retryAfterSeconds"] = .integer(Int64(retryAfter)) }
        if let cause { details["causes"] = .array([["reason": .string(cause), "message": .string(message)]]) }
        let body: JSONValue = [
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "message": .string(message),
            "reason": .string(reason), "details": .object(details), "code": .integer(Int64(code)),
        ]
        var headers = HTTPHeaders()
        if let retryAfter { headers.append("Retry-After", "\(retryAfter)") }
        return HTTPResponse(status: code, headers: headers, body: body.encoded)
    }

    /// The response for an unknown path, which has no `Status`.
    static let notServed = HTTPResponse(status: 404, body: Array("404 page not found\n".utf8))

    static func notFound(_ target: RequestTarget) -> HTTPResponse {
        let name = target.name ?? ""
        return status(404, "NotFound", "\(target.kind.type.plural) \"\(name)\" not found", name: name)
    }

    static func conflict(_ target: RequestTarget) -> HTTPResponse {
        status(409, "Conflict", "the object has been modified", name: target.name)
    }

    static let expired = status(410, "Expired", "too old resource version")

    static let tooLargeVersion = status(
        504, "Timeout", "Too large resource version", retryAfter: 1, cause: "ResourceVersionTooLarge")
}
