/// One entry of `x-kubernetes-validations`.
struct ValidationRule: Hashable, Sendable {
    var rule = ""
    var message: String?
    var messageExpression: String?
    /// `FieldValueInvalid` and its like; decides the kind of the error.
    var reason: String?
    /// Where, below the value that has the rule, the error is reported: `.spec.engine`.
    var fieldPath: String?
    var optionalOldSelf: Bool?
}
