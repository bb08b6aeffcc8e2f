import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.huaweicloud.sdk.cce.v3.CceClient;
import com.huaweicloud.sdk.core.SdkResponse;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Prints which requests the Java SDK has, and what their models are made of, as JSON. */
public final class Facts {
    private static final Map<String, Map<String, List<String>>> MODELS = new TreeMap<>();
    private static final Deque<Class<?>> OPEN = new ArrayDeque<>();

    private Facts() {}

    public static void main(String[] arguments) throws Exception {
        Map<String, List<String>> operations = new TreeMap<>();
        for (Method method : CceClient.class.getMethods()) {
            if (SdkResponse.class.isAssignableFrom(method.getReturnType())) {
                Class<?> request = method.getParameterTypes()[0];
                operations.put(
                        method.getName(), List.of(method.getName(), request.getSimpleName()));
                OPEN.add(request);
            }
        }
        while (!OPEN.isEmpty()) {
            read(OPEN.remove());
        }
        System.out.println(
                new ObjectMapper()
                        .writeValueAsString(Map.of("operations", operations, "models", MODELS)));
    }

    private static void read(Class<?> model) {
        if (MODELS.containsKey(model.getSimpleName())) {
            return;
        }
        Map<String, List<String>> fields = new TreeMap<>();
        MODELS.put(model.getSimpleName(), fields);
        for (Field field : model.getDeclaredFields()) {
            JsonProperty wire = field.getAnnotation(JsonProperty.class);
            if (wire != null) {
                fields.put(wire.value(), List.of(setter(model, field), type(field.getGenericType())));
            }
        }
    }

    private static String setter(Class<?> model, Field field) {
        for (Method method : model.getDeclaredMethods()) {
            if (method.getName().equalsIgnoreCase("with" + field.getName())
                    && method.getParameterTypes()[0] == field.getType()) {
                return method.getName();
            }
        }
        throw new IllegalStateException(model + " " + field);
    }

    private static String type(Type type) {
        if (type instanceof ParameterizedType generic) {
            Type[] inner = generic.getActualTypeArguments();
            return inner.length == 1 ? "[" + type(inner[0]) + "]" : "{" + type(inner[1]) + "}";
        }
        Class<?> plain = (Class<?>) type;
        if (plain.getEnclosingClass() != null) {
            return "#" + plain.getEnclosingClass().getSimpleName() + "." + plain.getSimpleName();
        }
        if (plain.getPackageName().endsWith(".cce.v3.model")) {
            OPEN.add(plain);
        }
        return plain.getSimpleName();
    }
}
