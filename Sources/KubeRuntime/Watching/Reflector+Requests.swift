import KubeClient

/// A watch the server accepted.
struct OpenWatch<Object: Sendable>: Sendable {
    var stream: WatchStream<Object>
    /// The stream as it was at the beginning; it serves to cancel from elsewhere without holding on to read bytes.
    let origin: WatchStream<Object>

    init(_ stream: WatchStream<Object>) {
        self.stream = stream
        origin = stream
    }

    func cancel() { origin.cancel() }
}

extension Reflector {
    /// Does the one thing the machine waits for.
    func perform(
        _ next: ReflectorMachine.Next, _ watch: inout OpenWatch<Object>?
    ) async -> ReflectorMachine.Input {
        if case .read(let deadline) = next { return await read(&watch, until: deadline) }
        watch?.cancel()
        watch = nil
        switch next {
        case .list(let version, let limit, let token):
            return await list(version, limit, token)
        case .openWatch(let start, let timeout):
            return await open(start, timeout, &watch)
        case .sleep(let delay):
            // A cancelled sleep ends early, and the loop with it.
            try? await time.sleep(for: delay)
            return .woke
        case .read: return .ended
        }
    }

    private func list(
        _ version: ListVersion, _ limit: Int?, _ token: String?
    ) async -> ReflectorMachine.Input {
        metrics?.listed()
        let options = ListOptions(
            labelSelector: scope.labelSelector, fieldSelector: scope.fieldSelector, limit: limit,
            continueToken: token, version: version)
        do {
            let page = try await client.list(type, namespace: scope.namespace, options, decoding: decoder)
            change { store, changes in
                if token == nil { store.noteListVersion(page.resourceVersion) }
                for object in page.items { store.put(object, into: &changes) }
                for object in page.undecodable { store.quarantine(object, into: &changes) }
            }
            return .page(page.resourceVersion, continueToken: page.continueToken)
        } catch {
            return .failed(error)
        }
    }

    private func open(
        _ start: WatchStart, _ timeout: Duration, _ watch: inout OpenWatch<Object>?
    ) async -> ReflectorMachine.Input {
        metrics?.watched()
        let options = WatchOptions(
            start: start, labelSelector: scope.labelSelector, fieldSelector: scope.fieldSelector, timeout: timeout)
        do {
            let stream = try await client.watch(
                type, namespace: scope.namespace, options, decoding: decoder)
            watch = OpenWatch(stream)
            return .opened
        } catch {
            return .failed(error)
        }
    }

    /// Reads one event; a watch that stays silent until the deadline is cut off.
    private func read(
        _ watch: inout OpenWatch<Object>?, until deadline: ContinuousClock.Instant
    ) async -> ReflectorMachine.Input {
        guard let origin = watch?.origin else { return .ended }
        let isSilent = Locked(false)
        let alarm = time.schedule(at: deadline) {
            isSilent.withLock { $0 = true }
            origin.cancel()
        }
        defer { time.cancel(alarm) }
        let result = await withTaskCancellationHandler {
            await next(&watch)
        } onCancel: {
            origin.cancel()
        }
        switch result {
        case .success(let event?): return take(event)
        case .success(nil): return .ended
        case .failure(let error): return isSilent.withLock { $0 } ? .silent : .failed(error)
        }
    }

    private func next(_ watch: inout OpenWatch<Object>?) async -> Result<WatchEvent<Object>?, KubeError> {
        do throws(KubeError) {
            return .success(try await watch?.stream.next())
        } catch {
            return .failure(error)
        }
    }

    /// Stores what an event brought and returns what the machine needs to know of it.
    private func take(_ event: WatchEvent<Object>) -> ReflectorMachine.Input {
        metrics?.event(event.word)
        switch event {
        case .added(let object), .modified(let object):
            change { store, changes in store.put(object, into: &changes) }
            return .signal(.object(object.resourceVersion))
        case .deleted(let object):
            change { store, changes in store.remove(object, into: &changes) }
            return .signal(.object(object.resourceVersion))
        case .undecodable(let object):
            change { store, changes in store.quarantine(object, into: &changes) }
            return .signal(.object(object.metadata.resourceVersion))
        case .undecodableDeletion(let object):
            var isComplete = true
            change { store, changes in isComplete = store.remove(object, into: &changes) }
            reportUnreadableDeletion(object, isComplete: isComplete)
            // A list shows what else is left.
            return isComplete
                ? .signal(.object(object.metadata.resourceVersion))
                : .failed(.undecodable("watch: a deletion of an unknown object or version: \(object.error)"))
        case .bookmark(let version, let endsInitialEvents):
            return .signal(.bookmark(version, endsInitialEvents: endsInitialEvents))
        case .failed(let status):
            return .signal(.failed(status))
        }
    }
}

extension WatchEvent {
    /// The value of the metrics' label.
    fileprivate var word: String {
        switch self {
        case .added: "added"
        case .modified: "modified"
        case .deleted: "deleted"
        case .undecodable, .undecodableDeletion: "undecodable"
        case .bookmark: "bookmark"
        case .failed: "error"
        }
    }
}
