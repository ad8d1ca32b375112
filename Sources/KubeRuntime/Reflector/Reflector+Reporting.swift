import KubeClient

extension Reflector {
    func report(_ note: ReflectorMachine.Note) {
        switch note {
        case .relist(let reason):
            metrics?.relisted(reason)
            logger.debug("Reading the whole state", ["reason": .own(reason.rawValue)])
        case .failed(let error, let delay):
            guard !error.isCancelled || !Task.isCancelled else { return }
            metrics?.failed(code: error.code)
            logger.warn(
                "The list or watch failed and is tried again",
                ["error": .foreign("\(error)"), "retryIn": .own("\(delay)")])
        case .silentWatch:
            metrics?.wasSilent()
            logger.info("The server did not end the watch in time; it is opened anew")
        case .shortWatch:
            metrics?.wasShort()
            logger.warn("The watch ended at once; something on the way may not let watches through")
        case .streamingUnsupported:
            logger.info("The server cannot stream its state; it is listed instead")
        }
    }

    func reportUnreadableDeletion(_ object: UndecodableObject, isComplete: Bool) {
        metrics?.undecodable(1)
        logger.warn(
            isComplete
                ? "The last state of a deleted object cannot be read; the object is removed by its metadata"
                : "A deletion cannot be read; the objects are listed again",
            [
                "namespace": .string(object.metadata.namespace), "name": .string(object.metadata.name),
                "uid": .string(object.metadata.uid),
                "resourceVersion": .string(object.metadata.resourceVersion.text), "error": .foreign(object.error),
            ])
    }

    func reportQuarantined(_ object: UndecodableObject) {
        metrics?.undecodable(1)
        let place: Logger.Fields = [
            "namespace": .own(object.metadata.namespace), "name": .own(object.metadata.name),
        ]
        // Each is a trouble of its own, and named: as context, so that it is no repetition of another. Where there are
        // very many, the metrics count the others.
        let isNamed = store.quarantinedCount <= Self.namedQuarantined
        (isNamed ? logger.with(place) : logger.about(place)).error(
            "An object cannot be read and is set aside until it changes",
            [
                "uid": .own(object.metadata.uid),
                "resourceVersion": .own(object.metadata.resourceVersion.text), "error": .foreign(object.error),
            ])
    }

    /// How many objects that cannot be read the log tells apart.
    private static var namedQuarantined: Int { 50 }
}
