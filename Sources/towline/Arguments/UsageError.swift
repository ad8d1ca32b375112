/// A command line that cannot be understood: what is wrong, and the mend. The process ends with exit code 2.
struct UsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
