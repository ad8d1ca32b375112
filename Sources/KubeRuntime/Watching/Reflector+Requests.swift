import KubeClient

/// A watch that the server accepted.
struct OpenWatch<Object: Sendable>: Sendable {
    var stream: WatchStream<Object>
    /// The initial stream, used to cancel the watch from another task without keeping its read buffer.
    let origin: WatchStream<Object>

    init(_ stream: WatchStream<Object>) {
        self.stream = stream
        origin = stream
    }

    func cancel() { origin.cancel() }
}

extension Reflector {
    /// Performs the machine's next action and returns its result.
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
            // A canceled sleep ends early, and so does the loop.
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
            return .page(
                page.resourceVersion, continueToken: page.continueToken, recommended: page.recommendedLimit)
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

    /// Reads one event; cancels a watch that is silent until the deadline.
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

    /// Applies an event to the store and returns the machine's input for it.
    private func take(_ event: WatchEvent<Object>) -> ReflectorMachine.Input {
        metrics?.event(event.label)
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
            // A new list shows which object was deleted.
            return isComplete
                ? .signal(.object(object.metadata.resourceVersion))
                : .failed(.undecodable("watch: the deletion of an unknown object or version: \(object.error)"))
        case .bookmark(let version, let endsInitialEvents):
            return .signal(.bookmark(version, endsInitialEvents: endsInitialEvents))
        case .failed(let status):
            return .signal(.failed(status))
        }
    }
}

extension WatchEvent {
    /// The value of the metric's label `event`.
    fileprivate var label: String {
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
