import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.huaweicloud.sdk.cce.v3.CceClient;
import com.huaweicloud.sdk.cce.v3.region.CceRegion;
import com.huaweicloud.sdk.core.SdkResponse;
import com.huaweicloud.sdk.core.auth.BasicCredentials;
import com.huaweicloud.sdk.core.exception.ServiceResponseException;
import com.huaweicloud.sdk.core.http.FormDataFilePart;
import com.huaweicloud.sdk.core.utils.JsonUtils;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * Calls the official Java SDK as told on standard input, one JSON line per call, and answers each
 * call with one JSON line. The client is built as in the ShowJob page's sample; operations and
 * request models are found by name, so that every operation can be called.
 */
public final class Scenario {
    private static final ObjectMapper JSON =
            JsonUtils.getDefaultMapper()
                    .copy()
                    .registerModule(
                            new SimpleModule()
                                    .addDeserializer(FormDataFilePart.class, new NamedFile()));

    private final CceClient client;

    private Scenario(CceClient client) {
        this.client = client;
    }

    public static void main(String[] arguments) throws IOException, IllegalAccessException {
        BasicCredentials credentials =
                new BasicCredentials()
                        .withAk(System.getenv("HUAWEICLOUD_SDK_AK"))
                        .withSk(System.getenv("HUAWEICLOUD_SDK_SK"))
                        .withProjectId(System.getenv("HUAWEICLOUD_SDK_PROJECT_ID"));
        CceClient client =
                CceClient.newBuilder()
                        .withCredential(credentials)
                        .withRegion(CceRegion.valueOf("cn-north-4"))
                        .build();
        Scenario scenario = new Scenario(client);

        var calls = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = calls.readLine(); line != null; line = calls.readLine()) {
            JsonNode call = JSON.readTree(line);
            answers.println(scenario.perform(call.get("call").asText(), call.get("args")));
        }
    }

    private ObjectNode perform(String operation, JsonNode args) throws IllegalAccessException {
        Optional<Method> method = find(operation);
        if (method.isEmpty()) {
            return JSON.createObjectNode()
                    .put("ok", false)
                    .put("exception", "UnsupportedOperation")
                    .put("error_msg", operation);
        }
        try {
            Object request = JSON.treeToValue(args, method.get().getParameterTypes()[0]);
            return succeeded((SdkResponse) method.get().invoke(client, request));
        } catch (InvocationTargetException error) {
            return refused(error.getCause());
        } catch (JsonProcessingException error) {
            return refused(error);
        }
    }

    /** A part of a body that is a file; a call names it by its path. */
    private static final class NamedFile extends JsonDeserializer<FormDataFilePart> {
        @Override
        public FormDataFilePart deserialize(JsonParser parser, DeserializationContext context)
                throws IOException {
            Path path = Path.of(parser.getText());
            return new FormDataFilePart(
                    Files.newInputStream(path), path.getFileName().toString());
        }
    }

    /** The operation of that name. Letter case is ignored: the SDKs write abbreviations differently. */
    private Optional<Method> find(String operation) {
        return Arrays.stream(client.getClass().getMethods())
                .filter(method -> method.getName().equalsIgnoreCase(operation))
                .filter(method -> SdkResponse.class.isAssignableFrom(method.getReturnType()))
                .findFirst();
    }

    private static ObjectNode succeeded(SdkResponse response) {
        ObjectNode answer = JSON.createObjectNode();
        answer.put("ok", true).put("status", response.getHttpStatusCode());
        answer.set("body", JSON.valueToTree(response));
        return answer;
    }

    /** What was thrown, as data; the trace goes to standard error, because it names the bad field. */
    private static ObjectNode refused(Throwable thrown) {
        ObjectNode answer = JSON.createObjectNode();
        answer.put("ok", false).put("exception", thrown.getClass().getSimpleName());
        if (thrown instanceof ServiceResponseException refusal) {
            answer.put("status", refusal.getHttpStatusCode())
                    .put("error_code", refusal.getErrorCode())
                    .put("error_msg", refusal.getErrorMsg())
                    .put("request_id", refusal.getRequestId());
        } else {
            answer.put("error_msg", thrown.getMessage());
        }
        if (answer.path("status").asInt() < 400) {
            thrown.printStackTrace();
        }
        return answer;
    }
}
