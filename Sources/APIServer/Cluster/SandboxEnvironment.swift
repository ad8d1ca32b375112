package import KubeClient

/// The sandbox's sources of time and randomness, which tests and simulations replace.
package struct SandboxEnvironment: Sendable {
    package let clock: WallClock
    /// 64 random bits, for UIDs and generated names.
    package let random: @Sendable () -> UInt64
    /// Returns after the given duration, or throws if the task is canceled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(
        clock: WallClock, random: @escaping @Sendable () -> UInt64,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.clock = clock
        self.random = random
        self.sleep = sleep
    }

    /// The clock and random number generator of the machine.
    package static let system = SandboxEnvironment(
        clock: .system,
        random: { UInt64.random(in: .min ... .max) },
        sleep: { try await Task.sleep(for: $0) })
}

extension SandboxEnvironment {
    /// A random UID: version 4 of RFC 4122.
    func makeUID() -> String {
        var digits = Array((hexadecimal(random()) + hexadecimal(random())).utf8)
        digits[12] = UInt8(ascii: "4")
        digits[16] = Array("89ab".utf8)[Int(random() % 4)]
        var text = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { text += "-" }
            text.unicodeScalars.append(UnicodeScalar(digit))
        }
        return text
    }

    /// The five random characters of a generated name; without vowels, so that they form no words.
    func makeNameSuffix() -> String {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789".utf8)
        var bits = random()
        var text = ""
        for _ in 0..<5 {
            text.unicodeScalars.append(UnicodeScalar(letters[Int(bits % UInt64(letters.count))]))
            bits /= UInt64(letters.count)
        }
        return text
    }

    private func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
