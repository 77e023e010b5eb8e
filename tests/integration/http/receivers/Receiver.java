import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/** Java's own server. */
final class Receiver {
  private static final Map<String, Integer> counts = new ConcurrentHashMap<>();

  public static void main(String[] arguments) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setExecutor(Executors.newFixedThreadPool(8));
    server.createContext("/", Receiver::answer);
    server.start();
    System.out.println(server.getAddress().getPort());
  }

  private static void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    exchange.getRequestBody().readAllBytes();
    if (exchange.getRequestMethod().equals("POST")) counts.merge(path, 1, Integer::sum);
    byte[] body = "ok".getBytes(StandardCharsets.UTF_8);
    if (path.equals("/count")) {
      body =
          counts.entrySet().stream()
              .map(entry -> "\"" + entry.getKey() + "\":" + entry.getValue())
              .collect(Collectors.joining(",", "{", "}"))
              .getBytes(StandardCharsets.UTF_8);
    }
    if (path.equals("/nothing")) {
      exchange.sendResponseHeaders(204, -1);
    } else {
      // No length is chunks.
      exchange.sendResponseHeaders(200, path.equals("/chunks") ? 0 : body.length);
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }
}
