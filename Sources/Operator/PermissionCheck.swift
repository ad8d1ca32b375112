import KubeClient
import KubeRuntime
import TowlineAPI

/// Checks at startup which permissions the operator lacks, and logs what will not work.
///
/// It runs alongside the controllers and does not delay them. One request is in flight at a time. For all namespaces
/// each verb needs its own request. For a single namespace the API server lists what is permitted, and only verbs that
/// are not in the list need a request.
struct PermissionCheck: Sendable {
    private let client: KubeClient
    private let namespaces: [String]
    private let engines: Set<EngineName>
    private let lease: ObjectKey?
    private let time: any TimeSource
    private let logger: Logger

    /// The maximum duration of a check, which then reports what it knows.
    static let timeout = Duration.seconds(10)
    /// The delay before a check without a response is retried.
    static let retryInterval = Duration.seconds(30)

    /// - Parameters:
    ///   - namespaces: the namespaces that are served; empty for all.
    ///   - engines: the engines that are served.
    ///   - lease: the lease of the election; nil without one.
    init(
        client: KubeClient, namespaces: [String], engines: Set<EngineName>, lease: ObjectKey?,
        time: any TimeSource, logger: Logger
    ) {
        var client = client
        client.requestTimeout = .seconds(5)
        self.client = client
        self.namespaces = namespaces
        self.engines = engines
        self.lease = lease
        self.time = time
        self.logger = logger.named("permissions")
    }

    /// Repeats the check until it completes or cannot succeed, then waits until the task is canceled.
    func run() async {
        var hasFailed = false
        while !Task.isCancelled {
            do {
                try await check()
                break
            } catch {
                guard !error.isCancelled else { return }
                if !hasFailed || !error.isTransient {
                    logger.warn("Could not check permissions", ["error": .foreign("\(error)")])
                }
                hasFailed = true
                guard error.isTransient else { break }
                try? await time.sleep(for: Self.retryInterval)
            }
        }
        await Latch().wait()
    }

    private func check() async throws(KubeError) {
        let deadline = time.now.advanced(by: Self.timeout)
        var findings = Findings()
        for (namespace, permissions) in places {
            try await check(permissions, in: namespace, until: deadline, &findings)
        }
        for missing in MissingPermission.joined(findings.missing) { missing.log(to: logger) }
        if !findings.isComplete {
            logger.warn("The permission check timed out; some permissions were not checked")
        } else if findings.missing.isEmpty {
            logger.info("All required permissions are granted")
        }
    }

    /// Which permissions are needed where; nil stands for all namespaces.
    private var places: [(namespace: String?, permissions: [Permission])] {
        let served = Permission.all.filter { permission in
            switch permission.part {
            case .executions: true
            case .engine(let engine): engines.contains(engine)
            case .election: false
            }
        }
        let places: [(String?, [Permission])] = namespaces.isEmpty ? [(nil, served)] : namespaces.map { ($0, served) }
        guard let lease else { return places }
        return places + [(lease.namespace, Permission.all.filter { $0.part == .election })]
    }

    private struct Findings {
        var missing: [MissingPermission] = []
        var isComplete = true
    }

    private func check(
        _ permissions: [Permission], in namespace: String?, until deadline: ContinuousClock.Instant,
        _ findings: inout Findings
    ) async throws(KubeError) {
        var listed: AccessRules?
        if let namespace, time.now < deadline {
            let rules = try await client.rules(in: namespace)
            if namespaces.contains(namespace) { await warnIfMissing(namespace, rules) }
            listed = rules
        }
        for permission in permissions {
            var verbs: [Permission.Verb] = []
            let name = permission.isForOneName ? lease?.name : nil
            for verb in permission.verbs where listed?.allow(verb, of: permission, named: name) != true {
                guard time.now < deadline else {
                    findings.isComplete = false
                    return
                }
                if try await !client.allows(verb, of: permission, in: namespace, named: name) { verbs.append(verb) }
            }
            guard !verbs.isEmpty else { continue }
            findings.missing.append(
                MissingPermission(permission: permission, verbs: verbs, namespaces: namespace.map { [$0] } ?? []))
        }
    }

    /// Warns about a namespace that does not exist, which is most likely a typo.
    ///
    /// The operator's roles do not permit it to read namespaces, so this works for administrators only. With the roles,
    /// a missing namespace is reported as missing permissions, because it has no role bindings.
    private func warnIfMissing(_ namespace: String, _ rules: AccessRules) async {
        let type = ResourceType(group: "", version: "v1", plural: "namespaces", kind: "Namespace")
        guard rules.allow("get", group: type.group, resource: type.plural, named: namespace) else { return }
        do {
            _ = try await client.get(type, ObjectKey(namespace: "", name: namespace)) {
                (cursor) throws(JSONError) in try cursor.skipValue()
            }
        } catch {
            guard error.isNotFoundObject(named: namespace) else { return }
            logger.warn(
                "A namespace that the operator serves does not exist; create it, or correct --namespace",
                ["namespace": .own(namespace)])
        }
    }
}

/// Verbs of a permission that the operator does not have.
struct MissingPermission: Hashable, Sendable {
    let permission: Permission
    /// The missing verbs; never empty.
    let verbs: [Permission.Verb]
    /// Where they are missing; empty for all namespaces.
    var namespaces: [String]

    /// The maximum number of namespaces in a log line.
    private static let limit = 20

    /// Merges the namespaces of each missing permission into one log line.
    static func joined(_ missing: [MissingPermission]) -> [MissingPermission] {
        missing.reduce(into: []) { lines, one in
            if let line = lines.firstIndex(where: { $0.permission == one.permission && $0.verbs == one.verbs }) {
                lines[line].namespaces += one.namespaces
            } else {
                lines.append(one)
            }
        }
    }

    func log(to logger: Logger) {
        let more = namespaces.count > Self.limit ? ["and \(namespaces.count - Self.limit) more"] : []
        // Log the permission as context, so that no line is suppressed as a repetition of another.
        logger.with([
            "verbs": .own(verbs.map(\.rawValue).joined(separator: ", ")),
            "resource": .own(permission.qualifiedResource),
            "namespaces": .own(
                namespaces.isEmpty ? "all" : (namespaces.prefix(Self.limit) + more).joined(separator: ", ")),
            "consequence": .own(permission.consequence),
        ]).warn("A permission is missing")
    }
}

/// Requests about the client's own permissions, which every user may send.
extension KubeClient {
    /// Checks one verb; without a namespace, in all namespaces, and without a name, for all objects.
    fileprivate func allows(
        _ verb: Permission.Verb, of permission: Permission, in namespace: String?, named name: String? = nil
    ) async throws(KubeError) -> Bool {
        let resource = permission.resource.split(separator: "/", maxSplits: 1).map(String.init)
        var attributes: JSONObject = [
            "verb": .string(verb.rawValue), "group": .string(permission.group),
            "resource": .string(resource.first ?? ""),
        ]
        if resource.count > 1 { attributes["subresource"] = .string(resource[1]) }
        if let namespace { attributes["namespace"] = .string(namespace) }
        if let name { attributes["name"] = .string(name) }
        let answer = try await review("SelfSubjectAccessReview", ["resourceAttributes": .object(attributes)])
        return answer["status"]?["allowed"] == true
    }

    /// Lists everything that is permitted in a namespace.
    fileprivate func rules(in namespace: String) async throws(KubeError) -> AccessRules {
        AccessRules(try await review("SelfSubjectRulesReview", ["namespace": .string(namespace)]))
    }

    private func review(_ kind: String, _ spec: JSONValue) async throws(KubeError) -> JSONValue {
        let type = ResourceType(
            group: "authorization.k8s.io", version: "v1", plural: "\(kind.lowercased())s", kind: kind)
        let review: JSONValue = ["apiVersion": .string(type.apiVersion), "kind": .string(kind), "spec": spec]
        return try await create(type, namespace: nil, body: review.encoded) { (cursor) throws(JSONError) in
            try cursor.readValue()
        }
    }
}

/// What a client may do in one namespace, as the API server lists it.
///
/// Most clusters have an authorizer that cannot list what it permits, so more may be permitted than the list contains.
private struct AccessRules: Sendable {
    private struct Rule {
        let verbs: [String]
        let groups: [String]
        let resources: [String]
        /// Empty for all of them.
        let names: [String]
    }

    private let rules: [Rule]

    /// Reads a `SelfSubjectRulesReview`.
    init(_ review: JSONValue) {
        func texts(_ value: JSONValue?) -> [String] { value?.arrayValue?.compactMap(\.stringValue) ?? [] }
        rules = (review[path: ["status", "resourceRules"]]?.arrayValue ?? []).map { rule in
            Rule(
                verbs: texts(rule["verbs"]), groups: texts(rule["apiGroups"]), resources: texts(rule["resources"]),
                names: texts(rule["resourceNames"]))
        }
    }

    /// True if the list permits a verb for the object with this name or, without a name, for all objects.
    func allow(_ verb: Permission.Verb, of permission: Permission, named name: String? = nil) -> Bool {
        allow(verb.rawValue, group: permission.group, resource: permission.resource, named: name)
    }

    func allow(_ verb: String, group: String, resource: String, named name: String?) -> Bool {
        rules.contains { rule in
            (rule.names.isEmpty || name.map(rule.names.contains) ?? false) && Self.matches(rule.verbs, verb)
                && Self.matches(rule.groups, group) && Self.matches(rule.resources, resource)
        }
    }

    private static func matches(_ patterns: [String], _ value: String) -> Bool {
        patterns.contains("*") || patterns.contains(value)
    }
}
