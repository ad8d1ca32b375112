/// A link that cannot be made: which one, what is wrong with it, and the mend.
public struct LinkTemplateError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ problem: String) { description = problem }

    /// The same, with the name of the template it was found in; its URL may hold what no log should.
    func about(_ template: String) -> LinkTemplateError {
        let name = template.prefix { $0 != "=" }
        let shown = name.count > 100 ? "\(name.prefix(100))…" : name
        return LinkTemplateError("\"\(shown)\": \(description)")
    }
}
