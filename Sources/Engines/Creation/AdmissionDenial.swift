/// The API server's sentence about a request that an admission webhook or policy refused, taken apart.
///
/// `admission webhook "NAME" denied the request: …`, or for a ValidatingAdmissionPolicy
/// `ValidatingAdmissionPolicy 'NAME' with binding 'B' denied request: …`, after the name of what was to be made.
struct AdmissionDenial: Hashable {
    /// The webhook or the policy.
    let name: String
    /// True for a policy of the API server's own kind.
    let isPolicy: Bool
    /// The sentence from where it tells who refused.
    let sentence: String

    init?(_ message: String) {
        if let denial = Self.parse(message, "admission webhook \"", "\" denied the request") {
            (name, sentence, isPolicy) = (denial.name, denial.sentence, false)
        } else if let denial = Self.parse(message, "ValidatingAdmissionPolicy '", "'") {
            (name, sentence, isPolicy) = (denial.name, denial.sentence, true)
        } else {
            return nil
        }
    }

    private static func parse(
        _ message: String, _ opening: String, _ closing: String
    ) -> (name: String, sentence: String)? {
        var scanner = TextScanner(message)
        guard scanner.text(before: opening) != nil, let name = scanner.text(before: closing), !name.isEmpty,
            !name.contains(" "), let start = message.firstRange(of: opening)
        else { return nil }
        return (String(name), String(message[start.lowerBound...]))
    }
}
