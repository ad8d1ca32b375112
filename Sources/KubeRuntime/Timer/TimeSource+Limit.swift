extension TimeSource {
    /// Runs `operation` and cancels it once `limit` has passed; returns when it has ended.
    ///
    /// - Returns: What the operation returned, also after it was cancelled, and whether it took too long. It did not
    ///   when the calling task was cancelled first.
    package func run<Value: Sendable>(
        for limit: Duration, _ operation: @escaping @Sendable () async -> Value
    ) async -> (value: Value?, tookTooLong: Bool) {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { await operation() }
            group.addTask {
                try? await self.sleep(for: limit)
                return nil
            }
            var (value, tookTooLong): (Value?, Bool) = (nil, false)
            for await end in group {
                if end == nil, value == nil { tookTooLong = !Task.isCancelled }
                value = value ?? end
                group.cancelAll()
            }
            return (value, tookTooLong)
        }
    }
}
