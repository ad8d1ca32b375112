/// How the engine run of an execution is called.
///
/// The name is a pure function of the execution's name and UID, so that a lost answer or a restart leads to the same
/// run, and an execution re-created under its old name leads to another.
public enum RunName {
    /// The longest name: both engines refuse more, and label values end there too.
    public static let maximumLength = 63
    /// How many hexadecimal digits of the UID a name ends in.
    public static let uniqueDigits = 10

    /// The execution's name, shortened where needed, plus the first ten digits of its UID.
    ///
    /// Always a valid DNS-1123 label: dots, which an execution's name may have, become dashes. Characters no object
    /// name has are treated likewise, and a UID with too few digits is filled with zeros.
    public static func of(executionName: String, uid: String) -> String {
        let limit = maximumLength - uniqueDigits - 1
        var prefix: [UInt8] = []
        for byte in executionName.utf8 where prefix.count < limit {
            prefix.append(isAlphanumeric(byte) ? byte : UInt8(ascii: "-"))
        }
        let dash = UInt8(ascii: "-")
        while prefix.last == dash { prefix.removeLast() }
        let trimmed = prefix.drop { $0 == dash }

        var digits = Array(uid.utf8.filter(isHexadecimal).prefix(uniqueDigits))
        while digits.count < uniqueDigits { digits.append(UInt8(ascii: "0")) }
        let separator = trimmed.isEmpty ? [] : [dash]
        return String(decoding: trimmed + separator + digits, as: UTF8.self)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
