/// A link that cannot be made: which one, what is wrong with it, and the mend.
public struct LinkTemplateError: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ problem: String) { description = problem }

    /// The same, with the text it was found in.
    func about(_ template: String) -> LinkTemplateError {
        let shown = template.count > 100 ? "\(template.prefix(100))…" : template
        return LinkTemplateError("\"\(shown)\": \(description)")
    }
}
