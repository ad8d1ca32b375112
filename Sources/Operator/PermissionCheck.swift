import KubeClient
import KubeRuntime
import TowlineAPI

/// Finds out at the start which of its rights the operator does not have, and says what will not work.
///
/// It runs beside the work and holds up nothing: the operator does what it may do. One request is under way at a time.
/// In all namespaces each verb has to be asked for by itself; in single ones the API server lists what is allowed, and
/// only what is not in the list is asked for.
struct RightsCheck: Sendable {
    private let reviews: AccessReviews
    private let namespaces: [String]
    private let engines: Set<EngineName>
    private let lease: ObjectKey?
    private let time: any TimeSource
    private let logger: Logger

    /// After this time a check ends with what it knows.
    static let patience = Duration.seconds(10)
    /// The time until a check that got no answer is tried again.
    static let pause = Duration.seconds(30)

    /// - Parameters:
    ///   - namespaces: where executions are served; empty for all.
    ///   - engines: the engines that are served.
    ///   - lease: by which a leader is elected; nil where none is.
    init(
        client: KubeClient, namespaces: [String], engines: Set<EngineName>, lease: ObjectKey?,
        time: any TimeSource, logger: Logger
    ) {
        var client = client
        client.requestTimeout = .seconds(5)
        reviews = AccessReviews(client: client)
        self.namespaces = namespaces
        self.engines = engines
        self.lease = lease
        self.time = time
        self.logger = logger.named("rights")
    }

    /// Checks until there was an answer; then waits to be cancelled.
    func run() async {
        var hasFailed = false
        while !Task.isCancelled {
            do {
                try await check()
                break
            } catch {
                guard !error.isCancelled else { return }
                if !hasFailed || !error.isTransient {
                    logger.warn("Could not find out which rights there are", ["error": .foreign("\(error)")])
                }
                hasFailed = true
                guard error.isTransient else { break }
                try? await time.sleep(for: Self.pause)
            }
        }
        await Latch().wait()
    }

    private func check() async throws(KubeError) {
        let deadline = time.now.advanced(by: Self.patience)
        var findings = Findings()
        for (namespace, rights) in places { try await look(for: rights, in: namespace, until: deadline, &findings) }
        for line in MissingRight.joined(findings.missing) { line.log(to: logger) }
        if !findings.isComplete {
            logger.warn("Not all rights were asked for, because that took too long")
        } else if findings.missing.isEmpty {
            logger.info("All rights are there")
        }
    }

    /// Which rights are needed where; nil stands for all namespaces.
    private var places: [(namespace: String?, rights: [Right])] {
        let served = Right.all.filter { right in
            switch right.part {
            case .executions: true
            case .engine(let engine): engines.contains(engine)
            case .election: false
            }
        }
        let places: [(String?, [Right])] = namespaces.isEmpty ? [(nil, served)] : namespaces.map { ($0, served) }
        guard let lease else { return places }
        return places + [(lease.namespace, Right.all.filter { $0.part == .election })]
    }

    private struct Findings {
        var missing: [MissingRight] = []
        var isComplete = true
    }

    private func look(
        for rights: [Right], in namespace: String?, until deadline: ContinuousClock.Instant, _ findings: inout Findings
    ) async throws(KubeError) {
        var listed: AccessRules?
        if let namespace, time.now < deadline { listed = try await reviews.rules(in: namespace) }
        for right in rights {
            var verbs: [Right.Verb] = []
            let name = right.isForOneName ? lease?.name : nil
            for verb in right.verbs where listed?.allow(verb, of: right, named: name) != true {
                guard time.now < deadline else {
                    findings.isComplete = false
                    return
                }
                if try await !reviews.allows(verb, of: right, in: namespace, named: name) { verbs.append(verb) }
            }
            guard !verbs.isEmpty else { continue }
            findings.missing.append(
                MissingRight(right: right, verbs: verbs, namespaces: namespace.map { [$0] } ?? []))
        }
    }
}

/// Verbs of a right that the operator does not have.
struct MissingRight: Hashable, Sendable {
    let right: Right
    /// Not empty.
    let verbs: [Right.Verb]
    /// Where they are missing; empty when the operator does not have them in all namespaces.
    var namespaces: [String]

    /// How many namespaces one line names.
    private static let limit = 20

    /// Joins what is missing in several namespaces alike, so that each right makes one line.
    static func joined(_ missing: [MissingRight]) -> [MissingRight] {
        missing.reduce(into: []) { lines, one in
            if let line = lines.firstIndex(where: { $0.right == one.right && $0.verbs == one.verbs }) {
                lines[line].namespaces += one.namespaces
            } else {
                lines.append(one)
            }
        }
    }

    func log(to logger: Logger) {
        let more = namespaces.count > Self.limit ? ["and \(namespaces.count - Self.limit) more"] : []
        // Each right is a trouble of its own: as context, so that none is held back as a repetition of another.
        logger.with([
            "verbs": .own(verbs.map(\.rawValue).joined(separator: ", ")),
            "resource": .own(right.qualifiedResource),
            "namespaces": .own(
                namespaces.isEmpty ? "all" : (namespaces.prefix(Self.limit) + more).joined(separator: ", ")),
            "consequence": .own(right.loss),
        ]).warn("A right is missing")
    }
}

/// The API server's answers to a client that asks what it may do; every user may ask that.
struct AccessReviews: Sendable {
    let client: KubeClient

    private static let group = "authorization.k8s.io"

    /// Asks for one verb; without a namespace, whether it is allowed in all of them, and without a name, of all objects.
    func allows(
        _ verb: Right.Verb, of right: Right, in namespace: String?, named name: String? = nil
    ) async throws(KubeError) -> Bool {
        let resource = right.resource.split(separator: "/", maxSplits: 1).map(String.init)
        var attributes: JSONObject = [
            "verb": .string(verb.rawValue), "group": .string(right.group), "resource": .string(resource.first ?? ""),
        ]
        if resource.count > 1 { attributes["subresource"] = .string(resource[1]) }
        if let namespace { attributes["namespace"] = .string(namespace) }
        if let name { attributes["name"] = .string(name) }
        let answer = try await ask("SelfSubjectAccessReview", ["resourceAttributes": .object(attributes)])
        return answer["status"]?["allowed"] == true
    }

    /// Asks for all that is allowed in a namespace.
    func rules(in namespace: String) async throws(KubeError) -> AccessRules {
        AccessRules(try await ask("SelfSubjectRulesReview", ["namespace": .string(namespace)]))
    }

    private func ask(_ kind: String, _ spec: JSONValue) async throws(KubeError) -> JSONValue {
        let type = ResourceType(group: Self.group, version: "v1", plural: "\(kind.lowercased())s", kind: kind)
        let review: JSONValue = ["apiVersion": .string(type.apiVersion), "kind": .string(kind), "spec": spec]
        return try await client.create(type, namespace: nil, body: review.encoded) { (cursor) throws(JSONError) in
            try cursor.readValue()
        }
    }
}

/// What a client may do in one namespace, as the API server lists it: there may be more.
///
/// Most clusters have an authorizer that cannot list what it allows, so that the list proves only what is in it.
struct AccessRules: Sendable {
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

    /// Whether a verb is allowed of the object of this name; without a name, of all.
    func allow(_ verb: Right.Verb, of right: Right, named name: String? = nil) -> Bool {
        rules.contains { rule in
            (rule.names.isEmpty || name.map(rule.names.contains) ?? false) && Self.matches(rule.verbs, verb.rawValue)
                && Self.matches(rule.groups, right.group)
                && Self.matches(rule.resources, right.resource)
        }
    }

    private static func matches(_ patterns: [String], _ word: String) -> Bool {
        patterns.contains("*") || patterns.contains(word)
    }
}
