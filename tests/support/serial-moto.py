"""moto, one request at a time. By itself it answers each in a thread, and checks an etag in one step and writes in the next: two
writers that name the same etag may both win, which S3 rules out."""
import threading

import moto.server

run_simple = moto.server.run_simple
lock = threading.Lock()


def run_serially(host, port, app, **options):
    def serial(environ, start_response):
        with lock:
            return app(environ, start_response)

    run_simple(host, port, serial, **options)


moto.server.run_simple = run_serially
moto.server.main()
