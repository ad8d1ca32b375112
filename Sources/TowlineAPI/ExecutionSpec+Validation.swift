extension ExecutionSpec {
    /// The problems of the spec; empty if it can run.
    ///
    /// The schema rejects almost all of them too. They are checked again because the cluster may have an older schema,
    /// and because a schema cannot compare parameter names case-insensitively.
    public func validate() -> [ValidationProblem] {
        var check = SpecCheck(spec: self, problems: unknownValues)
        check.reference()
        check.engineFields()
        check.parameters()
        check.workspaces()
        check.config()
        check.labels()
        return check.problems
    }
}

/// Collects the problems of one spec.
private struct SpecCheck {
    let spec: ExecutionSpec
    var problems: [ValidationProblem]

    private mutating func refuse(_ field: String, _ message: String) {
        problems.append(ValidationProblem(field: field, message: message))
    }

    private mutating func check(
        _ field: String, _ value: String?, _ limit: Int = SpecLimits.nameLength,
        _ isValid: (String) -> Bool = Grammar.isObjectName, _ message: String = SpecCheck.objectName
    ) {
        guard let value, value.utf8.count > limit || !isValid(value) else { return }
        refuse(field, message)
    }

    private static let objectName =
        "must be an object name: lowercase letters, digits, \"-\" and \".\", at most 253 characters"

    mutating func reference() {
        let reference = spec.workflowRef
        definition()
        if reference.definition == nil { check("spec.workflowRef.workflowId", reference.workflowId) }
        check("spec.workflowRef.name", reference.name)
        check(
            "spec.workflowRef.version", reference.version, 4 * SpecLimits.versionLength, { !$0.isEmpty },
            "must have 1 to \(SpecLimits.versionLength) characters")
        check(
            "spec.workflowRef.containerImage", reference.containerImage, SpecLimits.imageLength,
            Grammar.isImageReference, "must be an image reference such as registry.example/workflows/restart:1.4.0")
        check(
            "spec.workflowRef.containerDigest", reference.containerDigest, 71, Grammar.isDigest,
            "must be \"sha256:\" and 64 lowercase hexadecimal digits")
        check("spec.workflowRef.imagePullSecret", reference.imagePullSecret)
        guard let resolver = reference.resolver else { return }
        check(
            "spec.workflowRef.resolver.name", resolver.name, 63, Grammar.isObjectName,
            "must be the name of a resolver, such as git or cluster")
        for (field, isSet) in [
            ("name", reference.name != nil), ("containerImage", reference.containerImage != nil),
        ] where isSet {
            refuse(
                "spec.workflowRef.resolver", "must not be set together with \(field): the resolver finds the Pipeline")
        }
        for parameter in resolver.parameters {
            checkExpression("spec.workflowRef.resolver.params[\(parameter.key)]", [parameter.value])
        }
    }

    /// Exactly one of the definition and the other fields is set.
    private mutating func definition() {
        let reference = spec.workflowRef
        guard let definition = reference.definition else { return }
        check(
            "spec.workflowRef.definition", definition, SpecLimits.nameLength, { DefinitionID($0) != nil },
            "must be name@version, such as restart-deployment@1.4.0, in lowercase and with at most 253 characters")
        guard !reference.isResolved else { return }
        for (field, isSet) in [
            ("workflowId", !reference.workflowId.isEmpty), ("version", reference.version != nil),
            ("name", reference.name != nil), ("containerImage", reference.containerImage != nil),
            ("containerDigest", reference.containerDigest != nil),
            ("imagePullSecret", reference.imagePullSecret != nil), ("resolver", reference.resolver != nil),
            ("clusterScope", reference.clusterScope != nil),
        ] where isSet {
            refuse("spec.workflowRef.\(field)", "must not be set together with definition, which it comes from")
        }
    }

    /// The fields that the engine of the execution cannot honor.
    mutating func engineFields() {
        let reference = spec.workflowRef
        let config = spec.executionConfig
        func only(_ engine: EngineName, _ fields: [(field: String, isSet: Bool)], _ check: inout SpecCheck) {
            for (field, isSet) in fields where isSet {
                check.refuse("spec.\(field)", "can only be set for engine \(engine.rawValue)")
            }
        }
        switch reference.resolvedEngine {
        // Checked when the definition was read.
        case nil: break
        case .argo:
            only(
                .tekton,
                [
                    ("workflowRef.containerImage", reference.containerImage != nil),
                    ("workflowRef.containerDigest", reference.containerDigest != nil),
                    ("workflowRef.imagePullSecret", reference.imagePullSecret != nil),
                    ("workflowRef.resolver", reference.resolver != nil),
                    ("workspaces", !spec.workspaces.isEmpty), ("scheduling", spec.scheduling != nil),
                    ("executionConfig.tasksTimeoutSeconds", config.tasksTimeoutSeconds != nil),
                    ("executionConfig.finallyTimeoutSeconds", config.finallyTimeoutSeconds != nil),
                    ("executionConfig.tasks", !config.tasks.isEmpty),
                    ("executionConfig.pod.runtimeClassName", config.pod?.runtimeClassName != nil),
                ], &self)
        case .tekton:
            only(
                .argo,
                [
                    ("executionConfig.entrypoint", config.entrypoint != nil),
                    ("executionConfig.priority", config.priority != nil),
                ], &self)
            if reference.clusterScope == true {
                refuse("spec.workflowRef.clusterScope", "can only be true for engine argo")
            }
            for (field, isSet) in [
                ("containerDigest", reference.containerDigest != nil),
                ("imagePullSecret", reference.imagePullSecret != nil),
            ] where isSet && reference.containerImage == nil {
                refuse("spec.workflowRef.\(field)", "can only be set together with containerImage")
            }
            if reference.containerDigest != nil, reference.containerImage?.contains("@") == true {
                refuse("spec.workflowRef.containerDigest", "must not be set if containerImage already has a digest")
            }
        }
    }

    mutating func parameters() {
        let engine = spec.workflowRef.resolvedEngine
        let allowsDots = engine != .argo
        for (field, limit) in [
            ("spec.parameters", SpecLimits.parameterCount), ("spec.arrayParameters", SpecLimits.arrayParameterCount),
            ("spec.objectParameters", SpecLimits.objectParameterCount),
        ] {
            guard spec.parameters.count > limit else { continue }
            let count = spec.parameters.count { "\($0.value.field)" == field }
            if count > limit { return refuse(field, "must have at most \(limit) entries, not \(count)") }
        }
        var seen: Set<String> = []
        for parameter in spec.parameters {
            let field = "\(parameter.value.field)[\(parameter.name.prefix(SpecLimits.parameterNameLength))]"
            if !Grammar.isParameterName(parameter.name, allowsDots: allowsDots) {
                let characters = allowsDots ? "\"-\", \"_\" and \".\"" : "\"-\" and \"_\""
                refuse(
                    field,
                    "must start with a letter or \"_\" and contain only letters, digits, \(characters), at most 128 characters"
                )
            }
            if parameter.value.strings.contains(where: { $0.utf8.count > 4 * SpecLimits.parameterValueLength }) {
                refuse(field, "must have at most \(SpecLimits.parameterValueLength) characters")
            }
            if !seen.insert(engine == .tekton ? parameter.name.lowercased() : parameter.name).inserted {
                refuse(
                    field,
                    engine == .tekton
                        ? "must not differ from another parameter only in case: Tekton ignores case"
                        : "must not have the name of another parameter")
            }
            checkExpression(field, parameter.value.strings)
        }
    }

    /// Reports why the engine would not treat one of these values as data.
    private mutating func checkExpression(_ field: String, _ values: [String]) {
        guard spec.executionConfig.allowExpressions != true, let engine = spec.workflowRef.resolvedEngine,
            let opening = values.lazy.compactMap({ ParameterExpression.opening(in: $0, for: engine) }).first
        else { return }
        refuse(
            field,
            """
            contains "\(opening)", which \(engine.title) would expand; set spec.executionConfig.allowExpressions to \
            true to allow it, or pass the text another way, such as base64-encoded
            """)
    }

    mutating func workspaces() {
        if spec.workspaces.count > SpecLimits.workspaceCount {
            return refuse("spec.workspaces", "must have at most \(SpecLimits.workspaceCount) entries")
        }
        var seen: Set<String> = []
        for workspace in spec.workspaces {
            let field = "spec.workspaces[\(workspace.name)]"
            if !seen.insert(workspace.name).inserted { refuse(field, "must not have the name of another workspace") }
            if let path = workspace.subPath {
                if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
                    refuse("\(field).subPath", "must be a relative path without \"..\"")
                }
                checkExpression("\(field).subPath", [path])
            }
            switch workspace.source {
            case .claim(let name): check("\(field).claimName", name)
            case .configMap(let source): check("\(field).configMap.name", source.name)
            case .secret(let source): check("\(field).secret.name", source.name)
            case .claimTemplate, .emptyDirectory, .projected, nil: break
            }
        }
    }

    mutating func config() {
        let config = spec.executionConfig
        let timeouts: ClosedRange<Int64> = 1...SpecLimits.seconds
        let ttls: ClosedRange<Int64> = 0...SpecLimits.ttlSeconds
        let priorities = Int64(Int32.min)...Int64(Int32.max)
        for (field, number, range) in [
            ("timeoutSeconds", config.timeoutSeconds, timeouts),
            ("tasksTimeoutSeconds", config.tasksTimeoutSeconds, timeouts),
            ("finallyTimeoutSeconds", config.finallyTimeoutSeconds, timeouts),
            ("startDeadlineSeconds", config.startDeadlineSeconds, timeouts),
            ("runTTLSecondsAfterFinished", config.runTTLSecondsAfterFinished, ttls),
            ("ttlSecondsAfterFinished", config.ttlSecondsAfterFinished, ttls),
            ("priority", config.priority, priorities),
        ] {
            guard let number, !range.contains(number) else { continue }
            refuse("spec.executionConfig.\(field)", "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        let account = "must be the name of a service account"
        check(
            "spec.executionConfig.serviceAccountName", config.serviceAccountName, SpecLimits.nameLength,
            Grammar.isObjectName, account)
        checkNodeSelector("spec.executionConfig.pod", config.pod)
        for task in config.tasks {
            let field = "spec.executionConfig.tasks[\(task.name)]"
            checkNodeSelector("\(field).pod", task.pod)
            check(
                "\(field).serviceAccountName", task.serviceAccountName, SpecLimits.nameLength, Grammar.isObjectName,
                account)
            if let seconds = task.timeoutSeconds, !timeouts.contains(seconds) {
                refuse("\(field).timeoutSeconds", "must be from 1 to \(SpecLimits.seconds)")
            }
        }
        if let confidence = spec.confidence, !(0...1).contains(confidence) {
            refuse("spec.confidence", "must be from 0 to 1")
        }
    }

    /// Both engines expand the values of node selectors. Other settings of pods have no room for an expression.
    private mutating func checkNodeSelector(_ field: String, _ pod: PodSettings?) {
        guard spec.executionConfig.allowExpressions != true,
            let entry = pod?.nodeSelector.first(where: { $0.value.contains("$(") || $0.value.contains("{{") })
        else { return }
        refuse(
            "\(field).nodeSelector[\(entry.key)]",
            """
            contains text that \(spec.workflowRef.resolvedEngine?.title ?? "the engine") would expand; set \
            spec.executionConfig.allowExpressions to true to allow it
            """)
    }

    mutating func labels() {
        for label in spec.runLabels where RunLabels.isReserved(label.key) {
            refuse("spec.runLabels[\(label.key)]", RunLabels.reservedMessage)
        }
    }
}

/// One problem of a spec: the field, and what it must be.
public struct ValidationProblem: Hashable, Sendable, CustomStringConvertible {
    /// The path of the field, such as `spec.workflowRef.engine`.
    public let field: String
    public let message: String

    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }

    public var description: String { "\(field): \(message)" }
}

/// The bounds of a spec; the schema in `crds/` has the same ones.
public enum SpecLimits {
    /// The longest object name, in bytes.
    public static let nameLength = 253
    /// The longest version, in characters.
    public static let versionLength = 128
    /// The longest image reference, in characters.
    public static let imageLength = 1024
    public static let parameterCount = 64
    public static let arrayParameterCount = 16
    public static let objectParameterCount = 8
    /// The longest parameter name, in characters.
    public static let parameterNameLength = 128
    /// The longest parameter value, in characters.
    public static let parameterValueLength = 8192
    /// The size of all values of parameters together, in bytes; only the schema checks it, and only on creation.
    public static let parameterBytes = 128 << 10
    public static let workspaceCount = 16
    /// The longest timeout and start deadline, in seconds: 30 days.
    public static let seconds: Int64 = 30 * 86_400
    /// The longest TTL, in seconds: 10 years of 365 days.
    public static let ttlSeconds: Int64 = 3650 * 86_400
}
