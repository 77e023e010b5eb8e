import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * A receiver with nothing but a JDK, 17 or newer. Run it with {@code WEBHOOK_SECRET=whsec_… java Receiver.java}.
 *
 * <p>WEBHOOK_SECRET may hold several secrets, separated by spaces. WEBHOOK_TOLERANCE is in seconds, 300 by default.
 */
final class Receiver {
  private static final int MAX_BODY_BYTES = 20 << 20;

  private final List<byte[]> keys;
  private final long toleranceSeconds;

  /**
   * In memory, for brevity. Use a table with a unique index on the webhook-id, and store the body in the same
   * statement: once you have answered, nobody sends it again. Forget an id after three days.
   */
  private final Map<String, byte[]> inbox = new ConcurrentHashMap<>();

  /** One thread, so that two statuses of an SMS are not compared at once. */
  private final ExecutorService worker = Executors.newSingleThreadExecutor();

  /** By SMS: the newest status. */
  private final Map<String, Status> statuses = new HashMap<>();

  Receiver(List<byte[]> keys, long toleranceSeconds) {
    this.keys = keys;
    this.toleranceSeconds = toleranceSeconds;
  }

  /** {@code body} as the raw bytes. */
  boolean isGenuine(Headers headers, byte[] body) throws GeneralSecurityException {
    String id = headers.getFirst("webhook-id");
    String timestamp = headers.getFirst("webhook-timestamp");
    String signatures = headers.getFirst("webhook-signature");
    if (id == null || signatures == null) return false;
    if (timestamp == null || !timestamp.matches("[0-9]{1,12}")) return false;
    long age = Instant.now().getEpochSecond() - Long.parseLong(timestamp);
    if (Math.abs(age) > toleranceSeconds) return false;
    for (byte[] key : keys) {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      mac.update((id + "." + timestamp + ".").getBytes(StandardCharsets.UTF_8));
      String signature = "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
      byte[] expected = signature.getBytes(StandardCharsets.UTF_8);
      for (String each : signatures.split(" ")) {
        if (MessageDigest.isEqual(each.getBytes(StandardCharsets.UTF_8), expected)) return true;
      }
    }
    return false;
  }

  private int receive(HttpExchange exchange) throws IOException, GeneralSecurityException {
    // The raw bytes: what a parser writes again has another signature.
    byte[] body = exchange.getRequestBody().readNBytes(MAX_BODY_BYTES);
    Headers headers = exchange.getRequestHeaders();
    String id = headers.getFirst("webhook-id");
    if (!exchange.getRequestMethod().equals("POST")) return 405;
    if (id == null) {
      // The platform's own call, when a flow is complete. It proves nothing about its sender.
      System.out.println("flow complete");
      return 204;
    }
    if (!isGenuine(headers, body)) return 401;
    if (inbox.putIfAbsent(id, body) == null) {
      worker.execute(() -> process(id, body));
    } else {
      System.out.println("repeat " + id);
    }
    return 204;
  }

  private record Status(String name, OffsetDateTime at) {
    boolean isOlderThan(Status known) {
      if (at == null || known.at == null) return known.name.equals("DELIVERED");
      return at.isBefore(known.at);
    }
  }

  /** Your own work: it runs after the answer. */
  private void process(String id, byte[] body) {
    // The JDK has no JSON parser: with one, read id, deliveryStatus and deliveryTime of smsDetails[0].
    String[] halves = id.split(":");
    String smsId = URLDecoder.decode(halves[0], StandardCharsets.UTF_8);
    String name = URLDecoder.decode(halves[1], StandardCharsets.UTF_8);
    Status next = new Status(name, deliveryTime(new String(body, StandardCharsets.UTF_8)));
    Status known = statuses.get(smsId);
    if (known != null && next.isOlderThan(known)) {
      System.out.println("older " + smsId + " " + name);
      return;
    }
    statuses.put(smsId, next);
    System.out.println("status " + smsId + " " + name);
  }

  /** Within a text the quotes would have backslashes before them. */
  private static final Pattern DELIVERY_TIME = Pattern.compile("[,{]\"deliveryTime\":\"([^\"]*)\"");

  private static OffsetDateTime deliveryTime(String body) {
    Matcher matcher = DELIVERY_TIME.matcher(body);
    if (!matcher.find()) return null;
    try {
      return OffsetDateTime.parse(matcher.group(1));
    } catch (DateTimeParseException unreadable) {
      return null;
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.sendResponseHeaders(receive(exchange), -1);
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static String environment(String name, String fallback) {
    String value = System.getenv(name);
    return value == null || value.isBlank() ? fallback : value;
  }

  public static void main(String[] arguments) throws IOException {
    List<byte[]> keys = new ArrayList<>();
    for (String secret : environment("WEBHOOK_SECRET", "").split(" ")) {
      if (!secret.isEmpty()) keys.add(Base64.getDecoder().decode(secret.replaceFirst("^whsec_", "")));
    }
    if (keys.isEmpty()) {
      throw new IllegalStateException("Set WEBHOOK_SECRET: without it, anyone could call.");
    }
    Receiver receiver = new Receiver(keys, Long.parseLong(environment("WEBHOOK_TOLERANCE", "300")));
    int port = Integer.parseInt(environment("PORT", "3000"));
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    server.setExecutor(Executors.newFixedThreadPool(8));
    server.createContext("/hooks", receiver::answer);
    server.start();
    System.out.println("listening on port " + server.getAddress().getPort());
  }
}
