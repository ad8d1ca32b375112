import TestSupport

/// A parser of external input and the properties that must hold for every input, besides that it never traps.
struct FuzzTarget: Sendable {
    let name: String
    /// Valid texts to damage; never empty.
    let corpus: [[UInt8]]
    /// Whether to damage JSON values in addition to bytes.
    var isJSON = true
    /// Parses one text and returns whether it was accepted; throws a ``Violation`` if a property does not hold.
    let read: @Sendable (_ text: [UInt8], _ random: inout SplitMix) throws -> Bool
}

/// A property that does not hold.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// Throws a ``Violation`` unless `condition` is true.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description: what()) }
}

extension FuzzTarget {
    /// All targets.
    static func all() throws -> [FuzzTarget] {
        [
            try .runs(of: .tekton), try .runs(of: .argo), .json, .yaml, .kubeconfig, try .watch, .httpRequest,
            .apiStatus, .timestamp, try .execution, try .definition, try .environment,
        ]
    }
}

extension FuzzTarget {
    /// The texts of all YAML files below `examples/`.
    static func examples() throws -> [[UInt8]] {
        try Repository.files(below: "examples").filter { $0.hasSuffix(".yaml") }.map { try Repository.bytes($0) }
    }
}
