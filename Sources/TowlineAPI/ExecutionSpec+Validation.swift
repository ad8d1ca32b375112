extension ExecutionSpec {
    /// The problems of the spec; empty if it can run.
    ///
    /// The schema rejects all of them too. They are checked again because the cluster may have an older schema, and
    /// because a schema cannot compare parameter names case-insensitively.
    public func validate() -> [ValidationProblem] {
        unknownValues + referenceProblems + engineProblems + parameterProblems + configProblems
    }

    private var referenceProblems: [ValidationProblem] {
        var problems: [ValidationProblem] = []
        func check(_ field: String, _ value: String?, _ limit: Int, _ isValid: (String) -> Bool, _ message: String) {
            guard let value, value.utf8.count > limit || !isValid(value) else { return }
            problems.append(ValidationProblem(field: field, message: message))
        }
        let name = "must be an object name: lowercase letters, digits, \"-\" and \".\", at most 253 characters"
        let reference = workflowRef
        check("spec.workflowRef.workflowId", reference.workflowId, SpecLimits.nameLength, Grammar.isObjectName, name)
        check("spec.workflowRef.name", reference.name, SpecLimits.nameLength, Grammar.isObjectName, name)
        check(
            "spec.workflowRef.version", reference.version, 4 * SpecLimits.versionLength, { !$0.isEmpty },
            "must have 1 to \(SpecLimits.versionLength) characters")
        check(
            "spec.workflowRef.containerImage", reference.containerImage, SpecLimits.imageLength,
            Grammar.isImageReference, "must be an image reference such as registry.example/workflows/restart:1.4.0")
        check(
            "spec.workflowRef.containerDigest", reference.containerDigest, 71, Grammar.isDigest,
            "must be \"sha256:\" and 64 lowercase hexadecimal digits")
        return problems
    }

    private var engineProblems: [ValidationProblem] {
        var problems: [ValidationProblem] = []
        func refuse(_ field: String, _ message: String) {
            problems.append(ValidationProblem(field: "spec.workflowRef.\(field)", message: message))
        }
        switch workflowRef.resolvedEngine {
        case .argo:
            if workflowRef.containerImage != nil { refuse("containerImage", "can only be set for engine tekton") }
            if workflowRef.containerDigest != nil { refuse("containerDigest", "can only be set for engine tekton") }
        case .tekton:
            if workflowRef.clusterScope == true { refuse("clusterScope", "can only be true for engine argo") }
            if workflowRef.containerDigest != nil, workflowRef.containerImage == nil {
                refuse("containerDigest", "can only be set together with containerImage")
            }
            if workflowRef.containerDigest != nil, workflowRef.containerImage?.contains("@") == true {
                refuse("containerDigest", "must not be set if containerImage already has a digest")
            }
        }
        return problems
    }

    private var parameterProblems: [ValidationProblem] {
        var problems: [ValidationProblem] = []
        if parameters.count > SpecLimits.parameterCount {
            let message = "must have at most \(SpecLimits.parameterCount) entries, not \(parameters.count)"
            return [ValidationProblem(field: "spec.parameters", message: message)]
        }
        var seen: Set<String> = []
        for parameter in parameters {
            let field = "spec.parameters[\(parameter.name.prefix(SpecLimits.parameterNameLength))]"
            func refuse(_ message: String) { problems.append(ValidationProblem(field: field, message: message)) }
            if !Grammar.isParameterName(parameter.name) {
                refuse(
                    "must start with a letter or \"_\" and contain only letters, digits, \"-\" and \"_\", at most 128 characters"
                )
            }
            if parameter.value.utf8.count > 4 * SpecLimits.parameterValueLength {
                refuse("must have at most \(SpecLimits.parameterValueLength) characters")
            }
            if workflowRef.resolvedEngine == .tekton, !seen.insert(parameter.name.lowercased()).inserted {
                refuse("must not differ from another parameter only in case: Tekton ignores case")
            }
            if executionConfig.allowExpressions != true, let problem = expressionProblem(parameter.value) {
                refuse(problem)
            }
        }
        return problems
    }

    /// Why the engine would not treat a value as data; nil if it would.
    private func expressionProblem(_ value: String) -> String? {
        let engine = workflowRef.resolvedEngine
        guard let opening = ParameterExpression.opening(in: value, for: engine) else { return nil }
        let title =
            switch engine {
            case .tekton: "Tekton"
            case .argo: "Argo"
            }
        return """
            contains "\(opening)", which \(title) would expand; set spec.executionConfig.allowExpressions to true to \
            allow it, or pass the text another way, such as base64-encoded
            """
    }

    private var configProblems: [ValidationProblem] {
        var problems: [ValidationProblem] = []
        func refuse(_ field: String, _ message: String) {
            problems.append(ValidationProblem(field: field, message: message))
        }
        func check(_ field: String, _ seconds: Int64?, _ range: ClosedRange<Int64>) {
            guard let seconds, !range.contains(seconds) else { return }
            refuse("spec.executionConfig.\(field)", "must be from \(range.lowerBound) to \(range.upperBound)")
        }
        check("timeoutSeconds", executionConfig.timeoutSeconds, 1...SpecLimits.seconds)
        check("startDeadlineSeconds", executionConfig.startDeadlineSeconds, 1...SpecLimits.seconds)
        check("runTTLSecondsAfterFinished", executionConfig.runTTLSecondsAfterFinished, 0...SpecLimits.ttlSeconds)
        check("ttlSecondsAfterFinished", executionConfig.ttlSecondsAfterFinished, 0...SpecLimits.ttlSeconds)
        if let account = executionConfig.serviceAccountName,
            account.utf8.count > SpecLimits.nameLength || !Grammar.isObjectName(account)
        {
            refuse("spec.executionConfig.serviceAccountName", "must be the name of a service account")
        }
        if let confidence, !(0...1).contains(confidence) { refuse("spec.confidence", "must be from 0 to 1") }
        return problems
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
    /// The longest parameter name, in characters.
    public static let parameterNameLength = 128
    /// The longest parameter value, in characters.
    public static let parameterValueLength = 8192
    /// The longest timeout and start deadline, in seconds: 30 days.
    public static let seconds: Int64 = 30 * 86_400
    /// The longest TTL, in seconds: 10 years of 365 days.
    public static let ttlSeconds: Int64 = 3650 * 86_400
}
