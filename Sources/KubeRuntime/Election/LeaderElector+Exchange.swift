import KubeClient

extension LeaderElector {
    func read(_ timeout: Duration) async -> ElectionMachine.Event {
        do {
            return .read(try await hurried(timeout).get(Lease.resourceType, settings.lease, decoding: Lease.decoder))
        } catch {
            if error.isNotFoundObject(named: settings.lease.name) { return .absent }
            report(error, "The lease could not be read")
            return .failed
        }
    }

    func write(_ claim: LeaseClaim, on lease: Lease?, _ timeout: Duration) async -> ElectionMachine.Event {
        let client = hurried(timeout)
        let body = claim.object(on: lease, settings, now: clock.now()).encoded
        do {
            guard lease != nil else {
                return .wrote(
                    try await client.create(
                        Lease.resourceType, namespace: settings.lease.namespace, body: body, decoding: Lease.decoder))
            }
            return .wrote(
                try await client.replace(Lease.resourceType, settings.lease, body: body, decoding: Lease.decoder))
        } catch {
            let isGone = lease != nil && error.isNotFoundObject(named: settings.lease.name)
            if error.isConflict || error.isAlreadyExists || isGone { return .refused }
            report(error, "The lease could not be written")
            return .failed
        }
    }

    /// Follows the lease; what is missed here, the election finds out by reading.
    func watch(for inbox: ElectionInbox) async {
        let scope = ReflectorScope(
            namespace: settings.lease.namespace, fieldSelector: "metadata.name=\(settings.lease.name)")
        let reflector = Reflector(
            client: client, type: Lease.resourceType, scope: scope, decoding: Lease.decoder, into: Store<Lease>(),
            time: time, random: random, logger: logger
        ) { change in
            switch change {
            case .added(let lease), .changed(_, let lease): inbox.post(.changed(lease))
            case .deleted, .vanished: inbox.post(.deleted)
            case .quarantined, .synced, .unavailable: break
            }
        }
        await reflector.run()
    }

    /// The client for one request that must not take long; when it is tried again is the election's business.
    private func hurried(_ timeout: Duration) -> KubeClient {
        var client = client
        client.retry.limit = 0
        client.requestTimeout = timeout
        return client
    }

    private func report(_ error: KubeError, _ what: String) {
        guard !error.isCancelled else { return }
        logger.warn(what, ["error": .foreign("\(error)")])
    }
}
