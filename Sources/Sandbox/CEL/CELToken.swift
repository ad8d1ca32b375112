/// A word of an expression.
struct CELToken: Sendable {
    enum Kind: Hashable, Sendable {
        case identifier(String)
        case int(Int64)
        /// 2^63, which is a number only behind a minus.
        case intMagnitudeOverflow
        case uint(UInt64)
        case double(Double)
        case string(String)
        case bytes([UInt8])
        /// An operator or a bracket.
        case symbol(String)
        case end
    }

    let kind: Kind
    /// The index of the first character, in Unicode scalars.
    let position: Int
}
