import TestSupport

/// A reader of outside bytes, and what must hold whatever it reads. That it never traps goes without saying.
struct FuzzTarget: Sendable {
    let name: String
    /// Texts the reader accepts, from which damaged ones are made; never empty.
    let corpus: [[UInt8]]
    /// True where damage should also be done to the JSON value, and not only to its bytes.
    var isJSON = true
    /// Reads one text and returns whether it was readable; throws a ``Violation`` where something does not hold.
    let read: @Sendable (_ text: [UInt8], _ random: inout SplitMix) throws -> Bool
}

/// Something that must hold and does not.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

/// Throws where `condition` does not hold.
func require(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
    guard condition else { throw Violation(description: what()) }
}

extension FuzzTarget {
    /// All targets.
    static func all() throws -> [FuzzTarget] {
        [
            try .runs(of: .tekton), try .runs(of: .argo), .json, .yaml, .kubeconfig, try .watch, .httpRequest,
            .apiStatus, .timestamp, try .execution,
        ]
    }
}

extension FuzzTarget {
    /// The texts of all YAML files below `examples/`.
    static func examples() throws -> [[UInt8]] {
        try Repository.files(below: "examples").filter { $0.hasSuffix(".yaml") }.map { try Repository.bytes($0) }
    }
}
