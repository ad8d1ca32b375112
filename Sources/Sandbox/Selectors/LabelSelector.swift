/// A condition on the labels of an object, as `labelSelector` writes it: `a=b,c!=d,e in (f,g),!h`.
struct LabelSelector: Hashable, Sendable {
    enum Requirement: Hashable, Sendable {
        case isIn(key: String, values: Set<String>)
        /// Also holds when the label is absent.
        case isNotIn(key: String, values: Set<String>)
        case exists(key: String)
        case isAbsent(key: String)
    }

    let requirements: [Requirement]

    /// Selects everything.
    static let everything = LabelSelector(requirements: [])

    var isEverything: Bool { requirements.isEmpty }

    func matches(_ labels: [ObjectLabel]) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .isIn(let key, let values): labels.value(of: key).map(values.contains) ?? false
            case .isNotIn(let key, let values): labels.value(of: key).map { !values.contains($0) } ?? true
            case .exists(let key): labels.value(of: key) != nil
            case .isAbsent(let key): labels.value(of: key) == nil
            }
        }
    }
}

extension [ObjectLabel] {
    fileprivate func value(of key: String) -> String? {
        first { $0.key == key }?.value
    }
}
