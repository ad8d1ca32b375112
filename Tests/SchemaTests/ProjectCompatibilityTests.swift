import Foundation
import KubeClient
import TestSupport
import Testing

@testable import CEL
@testable import Schema

/// The CRDs in `crds/` and the policies in `deploy/policy/` install on each supported version of Kubernetes.
@Suite struct ProjectCompatibilityTests {
    static let definitions = ["environments", "lifecycles", "workflowdefinitions", "workflowexecutions"]

    /// The costs of the rules of all versions of a CRD. With `RULE_COSTS` in the environment, they are printed too.
    private static func costs(_ plural: String) throws -> [RuleCost] {
        let documents = try Repository.documents("crds/towline.dev_\(plural).yaml")
        let versions = try #require(documents.first?["spec"]?["versions"]?.arrayValue)
        return try versions.flatMap { version in
            let schema = try CustomResourceSchema(reading: #require(version["schema"]?["openAPIV3Schema"]))
            return schema.ruleCosts(at: FieldPath(version["name"]?.stringValue ?? ""))
        }
    }

    /// The costs as a table, highest first.
    private static func table(_ costs: [RuleCost]) -> String {
        costs.sorted { $0.cost > $1.cost }.map { cost in
            let number = "\(cost.cost)"
            return String(repeating: " ", count: max(0, 12 - number.count)) + "\(number) \(cost)"
        }.joined(separator: "\n")
    }

    @Test(arguments: definitions)
    func `each rule costs at most half of the API server's limit`(_ plural: String) throws {
        let costs = try Self.costs(plural)
        if ProcessInfo.processInfo.environment["RULE_COSTS"] != nil { print(Self.table(costs)) }
        #expect(costs.count > 10)
        let expensive = costs.filter { $0.cost > RuleCost.limit / 2 }
        #expect(expensive.isEmpty, "limit \(RuleCost.limit / 2):\n\(Self.table(expensive))")
    }

    @Test(arguments: definitions)
    func `all rules together cost at most half of the API server's limit`(_ plural: String) throws {
        let costs = try Self.costs(plural)
        let total = costs.reduce(UInt64(0)) { $0.saturatingAdd($1.cost) }
        #expect(total <= RuleCost.totalLimit / 2, "\(total) of \(RuleCost.totalLimit):\n\(Self.table(costs))")
    }

    // MARK: Features

    /// The oldest supported minor version of Kubernetes.
    private static let oldest = 31

    /// Functions and operators, with the minor version in which a new expression can first use them. That is one version
    /// after Kubernetes adds a library, so that a cluster can be rolled back.
    private static let functions: [String: Int] = {
        let names: [Int: String] = [
            25: """
            _==_ _!=_ _<_ _<=_ _>_ _>=_ _+_ _-_ _*_ _/_ _%_ !_ -_ @in size contains startsWith endsWith matches type \
            bytes double duration dyn int string timestamp uint getDate getDayOfMonth getDayOfWeek getDayOfYear \
            getFullYear getHours getMilliseconds getMinutes getMonth getSeconds charAt indexOf join lastIndexOf \
            lowerAscii replace split substring trim upperAscii isSorted sum min max find findAll url isURL getScheme \
            getHost getHostname getPort getEscapedPath getQuery
            """,
            28: "path serviceAccount group resource subresource namespace name check allowed reason",
            29: """
            optional.of optional.ofNonZeroValue optional.none value hasValue or orValue quantity isQuantity sign \
            isInteger asInteger asApproximateFloat add sub isGreaterThan isLessThan compareTo
            """,
            30: "sets.contains sets.equivalent sets.intersects format strings.quote errored error",
            31: """
            ip isIP ip.isCanonical family isUnspecified isLoopback isLinkLocalMulticast isLinkLocalUnicast \
            isGlobalUnicast cidr isCIDR containsIP containsCIDR masked prefixLength
            """,
            32: "validate format.named",
            34: "semver isSemver major minor patch",
        ]
        var functions: [String: Int] = [:]
        for (version, names) in names { for name in names.split(separator: " ") { functions[String(name)] = version } }
        return functions
    }()

    private static let macros = [
        "has": 25, "all": 25, "exists": 25, "exists_one": 25, "map": 25, "filter": 25, "optMap": 29, "optFlatMap": 29,
        ".?": 29, "[?]": 29,
    ]

    /// Keywords of a CRD's version, of its schema and of its rules, with the minor version that has them by default.
    private static let versionKeywords = [
        "name": 16, "served": 16, "storage": 16, "schema": 16, "subresources": 16, "additionalPrinterColumns": 16,
        "deprecated": 19, "deprecationWarning": 19, "selectableFields": 31,
    ]
    private static let schemaKeywords: [String: Int] = {
        var keywords = [
            "x-kubernetes-preserve-unknown-fields": 16, "x-kubernetes-embedded-resource": 16,
            "x-kubernetes-int-or-string": 16, "x-kubernetes-list-type": 18, "x-kubernetes-list-map-keys": 18,
            "x-kubernetes-map-type": 18, "x-kubernetes-validations": 25,
        ]
        for name in """
        type format title description default nullable enum pattern minLength maxLength minimum maximum \
        exclusiveMinimum exclusiveMaximum multipleOf minItems maxItems minProperties maxProperties required properties \
        additionalProperties items allOf anyOf oneOf not
        """.split(separator: " ") { keywords[String(name)] = 16 }
        return keywords
    }()
    private static let ruleKeywords = [
        "rule": 25, "message": 25, "messageExpression": 27, "reason": 28, "fieldPath": 28, "optionalOldSelf": 30,
    ]
    private static let policyKeywords = [
        "failurePolicy": 30, "matchConstraints": 30, "matchConditions": 30, "variables": 30, "validations": 30,
        "auditAnnotations": 30, "paramKind": 30,
    ]

    /// The functions, operators and macros of an expression; macros are marked.
    private static func features(of node: CELNode) -> [(name: String, isMacro: Bool)] {
        let own: [(String, Bool)] =
            switch node.kind {
            case .call(let name, _, _): [(name, false)]
            case .matches: [("matches", false)]
            case .has: [("has", true)]
            case .select(_, _, let isOptional): isOptional ? [(".?", true)] : []
            case .index(_, _, let isOptional): isOptional ? [("[?]", true)] : []
            case .list(let elements): elements.contains { $0.isOptional } ? [("[?]", true)] : []
            case .map(let entries): entries.contains { $0.isOptional } ? [("[?]", true)] : []
            case .comprehension(let loop): [(loop.kind.rawValue, true)]
            case .optionalMap(_, _, _, let flattens): [(flattens ? "optFlatMap" : "optMap", true)]
            case .literal, .identifier, .and, .or, .conditional: []
            }
        return own + node.kind.children.flatMap { features(of: $0) }
    }

    /// The expressions anywhere in a document.
    private static func expressions(in value: JSONValue) -> [String] {
        switch value {
        case .object(let object):
            object.flatMap { member in
                let isExpression = ["rule", "expression", "messageExpression", "valueExpression"].contains(member.key)
                if isExpression, let expression = member.value.stringValue { return [expression] }
                return expressions(in: member.value)
            }
        case .array(let elements): elements.flatMap { expressions(in: $0) }
        default: []
        }
    }

    /// The CRD, and the policies with their bindings.
    private static func documents() throws -> [JSONValue] {
        let policies = ["deploy/policy", "deploy/policy/runs"].flatMap { folder in
            ["base", "deny", "warn"].map { "\(folder)/\($0)" }
        }
        return try (["crds"] + policies).flatMap { try Repository.manifests(in: $0) }
    }

    @Test func `expressions use only functions and macros that every supported version has`() throws {
        let expressions = try Self.documents().flatMap { Self.expressions(in: $0) }
        #expect(expressions.count > 20)
        for expression in expressions {
            for feature in Self.features(of: try CELParser.parse(expression)) {
                let version = (feature.isMacro ? Self.macros : Self.functions)[feature.name]
                #expect(
                    version.map { $0 <= Self.oldest } == true,
                    "\(feature.name), since 1.\(version.map(String.init) ?? "?"), in \(expression)")
            }
        }
    }

    private static func check(_ value: JSONValue?, _ known: [String: Int], at path: String) {
        for key in value?.objectValue?.keys.map({ $0 }) ?? [] {
            let version = known[key]
            #expect(version.map { $0 <= oldest } == true, "\(path).\(key), since 1.\(version.map(String.init) ?? "?")")
        }
    }

    private static func checkSchema(_ schema: JSONValue, at path: String) {
        check(schema, schemaKeywords, at: path)
        for rule in schema["x-kubernetes-validations"]?.arrayValue ?? [] { check(rule, ruleKeywords, at: path) }
        for property in schema["properties"]?.objectValue?.map({ $0 }) ?? [] {
            checkSchema(property.value, at: "\(path).\(property.key)")
        }
        let inner = ["items", "additionalProperties", "not"].compactMap { schema[$0] }
        let junctors = ["allOf", "anyOf", "oneOf"].flatMap { schema[$0]?.arrayValue ?? [] }
        for child in inner + junctors where child.objectValue != nil { checkSchema(child, at: "\(path).*") }
    }

    @Test func `definitions and policies use only keywords that every supported version has`() throws {
        var kinds: Set<String> = []
        for document in try Self.documents() {
            let kind = document["kind"]?.stringValue ?? ""
            kinds.insert(kind)
            if kind == "ValidatingAdmissionPolicy" { Self.check(document["spec"], Self.policyKeywords, at: kind) }
            for version in document["spec"]?["versions"]?.arrayValue ?? [] {
                Self.check(version, Self.versionKeywords, at: kind)
                Self.checkSchema(try #require(version["schema"]?["openAPIV3Schema"]), at: "schema")
            }
        }
        #expect(kinds.isSuperset(of: ["CustomResourceDefinition", "ValidatingAdmissionPolicy"]))
    }
}
